import type { CustomerWords } from './customer-words.ts'

export const italian: CustomerWords = {
  lang: 'it',
  channels: { email: 'E-mail', sms: 'SMS' },
  onChannel: { email: 'e-mail', sms: 'SMS' },
  from: (channel, brand, what) => `${channel} da ${brand}: ${what}`,
  everything: 'tutto',
  link: {
    title: 'Link sconosciuto',
    heading: 'Questo link non è completo',
    hint: 'Lo apra di nuovo dal messaggio oppure lo copi per intero. Un link termina anche quando tutto ciò che la riguarda è stato cancellato.',
  },
  choices: {
    title: 'Le sue scelte',
    heading: 'Di che cosa desidera avere notizie?',
    hint: 'Spunti ciò che desidera e lasci il resto. Vale dal momento in cui salva.',
    to: (address) => `a ${address}`,
    noAddress: 'Non abbiamo alcun suo indirizzo a cui scrivere.',
    waits: 'In attesa della sua conferma: le abbiamo inviato un messaggio.',
    suppressed: {
      stop: 'Ha risposto STOP, quindi a questo numero non viene inviato nulla. Risponda START allo stesso numero per ricominciare.',
      complaint:
        'Un messaggio a questo indirizzo è stato segnalato come indesiderato, quindi non vi si invia più nulla.',
      bounce: 'I messaggi a questo indirizzo sono tornati indietro, quindi non vi si invia più nulla.',
      invalid: 'Questo indirizzo non è raggiungibile, quindi non vi si invia più nulla.',
      other: 'A questo indirizzo non viene inviato nulla. Ci scriva se desidera cambiarlo.',
    },
    measuring: 'Misurazione',
    measured: 'Potete misurare se apro i messaggi e quali link seguo',
    save: 'Salva le mie scelte',
    endAll: 'Annulla l’iscrizione a tutto',
    foot: 'I messaggi sui suoi ordini, come le ricevute, possono ancora arrivarle.',
    saved: (list) => `Salvato. Riceverà notizie su: ${list}.`,
    savedNothing: 'Salvato. Non riceverà messaggi commerciali da noi.',
    savedWaits: 'Abbiamo inviato un messaggio per confermare ciò che è nuovo.',
    ended: 'La sua iscrizione è annullata del tutto. Non riceverà più messaggi commerciali da noi.',
    unchanged: 'Non è stato cambiato nulla.',
  },
  confirm: {
    title: 'Conferma',
    heading: 'Un clic ed è fatta',
    hint: 'Non è ancora stato confermato nulla.',
    button: 'Sì, confermo',
    foot: 'Se non è stato lei, chiuda questa pagina: non verrà inviato nulla.',
    done: {
      title: 'Confermato',
      heading: 'Grazie, è confermato',
      hint: 'Ogni messaggio contiene un link con cui può cambiare idea.',
    },
    spent: {
      title: 'Link terminato',
      heading: 'Questo link ha fatto il suo lavoro',
      expired: 'Questo link è scaduto: valeva sette giorni.',
      used: 'Questo link è già stato usato, oppure da allora ha deciso diversamente. Ora non è stato cambiato nulla.',
    },
    again: {
      title: 'Nuovo link',
      offer: 'Se desidera ancora confermare, possiamo inviarle un nuovo messaggio.',
      button: 'Inviatemi un nuovo link',
    },
    sent: { heading: 'Un nuovo link è in arrivo', hint: 'Controlli la posta tra un momento.' },
    tooSoon: {
      heading: 'Un po’ di pazienza',
      hint: 'Le abbiamo inviato un messaggio poco fa, o più d’uno oggi. Lo cerchi anche tra la posta indesiderata e riprovi più tardi.',
    },
  },
  unsubscribe: {
    title: 'Annulla iscrizione',
    hint: 'Non è ancora cambiato nulla. Che cosa desidera terminare?',
    endAll: { email: 'Termina tutte le e-mail commerciali', sms: 'Termina tutti gli SMS commerciali' },
    endTopic: {
      email: (topic) => `Termina solo le e-mail su «${topic}»`,
      sms: (topic) => `Termina solo gli SMS su «${topic}»`,
    },
    instead: 'Scegliere invece di che cosa avere notizie',
    done: {
      title: 'Iscrizione annullata',
      heading: 'La sua iscrizione è annullata',
      all: {
        email: 'Non riceverà più e-mail commerciali da noi. Vale da subito.',
        sms: 'Non riceverà più SMS commerciali da noi. Vale da subito.',
      },
      topic: {
        email: (topic) => `Non riceverà più e-mail su «${topic}» da noi. Vale da subito.`,
        sms: (topic) => `Non riceverà più SMS su «${topic}» da noi. Vale da subito.`,
      },
      foot: 'I messaggi sui suoi ordini possono ancora arrivarle.',
      choices: 'Vedere tutto ciò che può scegliere',
    },
  },
}
