import type { CustomerWords } from './customer-words.ts'

export const portuguese: CustomerWords = {
  lang: 'pt',
  channels: { email: 'E-mail', sms: 'SMS' },
  onChannel: { email: 'e-mail', sms: 'SMS' },
  from: (channel, brand, what) => `${channel} de ${brand}: ${what}`,
  everything: 'tudo',
  link: {
    title: 'Link desconhecido',
    heading: 'Este link não está completo',
    hint: 'Abra-o de novo a partir da mensagem ou copie-o por inteiro. Um link também termina quando tudo sobre si foi apagado.',
  },
  choices: {
    title: 'As suas escolhas',
    heading: 'Sobre o que gostaria de receber notícias?',
    hint: 'Marque o que quer e deixe de fora o que não quer. Vale a partir do momento em que guardar.',
    to: (address) => `para ${address}`,
    noAddress: 'Não temos nenhum endereço seu para onde escrever.',
    waits: 'À espera da sua confirmação: enviámos-lhe uma mensagem.',
    suppressed: {
      stop: 'Respondeu STOP, por isso nada é enviado para este número. Responda START para o mesmo número para recomeçar.',
      complaint:
        'Uma mensagem para este endereço foi denunciada como indesejada, por isso nada mais é enviado para lá.',
      bounce: 'As mensagens para este endereço foram devolvidas, por isso nada mais é enviado para lá.',
      invalid: 'Não é possível chegar a este endereço, por isso nada mais é enviado para lá.',
      other: 'Nada é enviado para este endereço. Fale connosco se quiser mudar isso.',
    },
    measuring: 'Medição',
    measured: 'Podem medir se abro as mensagens e que links sigo nelas',
    save: 'Guardar as minhas escolhas',
    endAll: 'Cancelar tudo',
    foot: 'As mensagens sobre as suas encomendas, como recibos, podem continuar a chegar.',
    saved: (list) => `Guardado. Vai receber notícias sobre: ${list}.`,
    savedNothing: 'Guardado. Não vai receber mensagens comerciais nossas.',
    savedWaits: 'Enviámos uma mensagem para confirmar o que é novo.',
    ended: 'Cancelou tudo. Não lhe chegarão mais mensagens comerciais nossas.',
    unchanged: 'Nada foi alterado.',
  },
  confirm: {
    title: 'Confirme, por favor',
    heading: 'Um clique e está feito',
    hint: 'Ainda nada foi confirmado.',
    button: 'Sim, confirmar',
    foot: 'Se não foi você, feche esta página: nada será enviado.',
    done: {
      title: 'Confirmado',
      heading: 'Obrigado, está confirmado',
      hint: 'Cada mensagem tem um link com que pode mudar de ideias.',
    },
    spent: {
      title: 'Link terminado',
      heading: 'Este link já cumpriu a sua função',
      expired: 'Este link expirou: era válido por sete dias.',
      used: 'Este link já foi usado, ou entretanto decidiu outra coisa. Agora nada foi alterado.',
    },
    again: {
      title: 'Novo link',
      offer: 'Se ainda quiser confirmar, podemos enviar-lhe uma nova mensagem.',
      button: 'Enviar-me um novo link',
    },
    sent: { heading: 'Um novo link está a caminho', hint: 'Veja a sua caixa de entrada dentro de momentos.' },
    tooSoon: {
      heading: 'Aguarde um pouco',
      hint: 'Enviámos-lhe uma mensagem há pouco, ou várias hoje. Procure também entre o correio indesejado e tente mais tarde.',
    },
  },
  unsubscribe: {
    title: 'Cancelar subscrição',
    hint: 'Ainda nada mudou. O que gostaria de terminar?',
    endAll: { email: 'Terminar todos os e-mails comerciais', sms: 'Terminar todos os SMS comerciais' },
    endTopic: {
      email: (topic) => `Terminar só os e-mails sobre “${topic}”`,
      sms: (topic) => `Terminar só os SMS sobre “${topic}”`,
    },
    instead: 'Em vez disso, escolher sobre o que recebe notícias',
    done: {
      title: 'Subscrição cancelada',
      heading: 'A sua subscrição foi cancelada',
      all: {
        email: 'Não receberá mais e-mails comerciais nossos. Vale a partir de agora.',
        sms: 'Não receberá mais SMS comerciais nossos. Vale a partir de agora.',
      },
      topic: {
        email: (topic) => `Não receberá mais e-mails nossos sobre “${topic}”. Vale a partir de agora.`,
        sms: (topic) => `Não receberá mais SMS nossos sobre “${topic}”. Vale a partir de agora.`,
      },
      foot: 'As mensagens sobre as suas encomendas podem continuar a chegar.',
      choices: 'Ver tudo o que pode escolher',
    },
  },
}
