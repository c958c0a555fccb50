import type { CustomerWords } from './customer-words.ts'

export const polish: CustomerWords = {
  lang: 'pl',
  channels: { email: 'E-mail', sms: 'SMS' },
  onChannel: { email: 'e-mail', sms: 'SMS' },
  from: (channel, brand, what) => `${channel} od ${brand}: ${what}`,
  everything: 'wszystko',
  link: {
    title: 'Nieznany link',
    heading: 'Ten link jest niepełny',
    hint: 'Proszę otworzyć go ponownie z wiadomości albo skopiować w całości. Link przestaje działać także wtedy, gdy usunięto wszystkie dane o Państwu.',
  },
  choices: {
    title: 'Państwa wybór',
    heading: 'O czym chcą Państwo otrzymywać wiadomości?',
    hint: 'Proszę zaznaczyć to, co Państwo chcą, a resztę pominąć. Wybór obowiązuje od chwili zapisania.',
    to: (address) => `na ${address}`,
    noAddress: 'Nie mamy żadnego Państwa adresu, na który moglibyśmy pisać.',
    waits: 'Czeka na potwierdzenie: wysłaliśmy Państwu wiadomość.',
    suppressed: {
      stop: 'Odpowiedzieli Państwo STOP, więc na ten numer nic nie wysyłamy. Aby zacząć od nowa, proszę odpowiedzieć START na ten sam numer.',
      complaint: 'Wiadomość na ten adres zgłoszono jako niechcianą, więc nic już tam nie wysyłamy.',
      bounce: 'Wiadomości na ten adres wracały, więc nic już tam nie wysyłamy.',
      invalid: 'Ten adres jest nieosiągalny, więc nic już tam nie wysyłamy.',
      other: 'Na ten adres nic nie wysyłamy. Proszę do nas napisać, jeśli ma się to zmienić.',
    },
    measuring: 'Pomiar',
    measured: 'Wolno mierzyć, czy otwieram wiadomości i które linki w nich wybieram',
    save: 'Zapisz mój wybór',
    endAll: 'Zrezygnuj ze wszystkiego',
    foot: 'Wiadomości o złożonych zamówieniach, na przykład potwierdzenia, mogą nadal przychodzić.',
    saved: (list) => `Zapisano. Będą Państwo otrzymywać wiadomości o: ${list}.`,
    savedNothing: 'Zapisano. Nie będziemy wysyłać Państwu wiadomości marketingowych.',
    savedWaits: 'Wysłaliśmy wiadomość, aby potwierdzić to, co nowe.',
    ended: 'Zrezygnowali Państwo ze wszystkiego. Nie będziemy już wysyłać wiadomości marketingowych.',
    unchanged: 'Nic nie zostało zmienione.',
  },
  confirm: {
    title: 'Proszę potwierdzić',
    heading: 'Jedno kliknięcie i gotowe',
    hint: 'Nic jeszcze nie zostało potwierdzone.',
    button: 'Tak, potwierdzam',
    foot: 'Jeśli to nie Państwo, proszę zamknąć tę stronę: nic nie zostanie wysłane.',
    done: {
      title: 'Potwierdzono',
      heading: 'Dziękujemy, potwierdzono',
      hint: 'W każdej wiadomości jest link, który pozwala zmienić zdanie.',
    },
    spent: {
      title: 'Link wygasł',
      heading: 'Ten link spełnił już swoje zadanie',
      expired: 'Ten link wygasł: był ważny siedem dni.',
      used: 'Ten link został już użyty albo od tego czasu zdecydowali Państwo inaczej. Teraz nic nie zmieniono.',
    },
    again: {
      title: 'Nowy link',
      offer: 'Jeśli nadal chcą Państwo potwierdzić, możemy wysłać nową wiadomość.',
      button: 'Wyślij mi nowy link',
    },
    sent: { heading: 'Nowy link jest w drodze', hint: 'Proszę za chwilę zajrzeć do skrzynki.' },
    tooSoon: {
      heading: 'Proszę chwilę zaczekać',
      hint: 'Niedawno wysłaliśmy wiadomość albo dziś już kilka. Proszę poszukać jej także w spamie i spróbować później.',
    },
  },
  unsubscribe: {
    title: 'Rezygnacja',
    hint: 'Nic się jeszcze nie zmieniło. Z czego chcą Państwo zrezygnować?',
    endAll: {
      email: 'Rezygnuję ze wszystkich e-maili marketingowych',
      sms: 'Rezygnuję ze wszystkich SMS-ów marketingowych',
    },
    endTopic: {
      email: (topic) => `Rezygnuję tylko z e-maili o „${topic}”`,
      sms: (topic) => `Rezygnuję tylko z SMS-ów o „${topic}”`,
    },
    instead: 'Wolę wybrać, o czym otrzymuję wiadomości',
    done: {
      title: 'Zrezygnowano',
      heading: 'Rezygnacja przyjęta',
      all: {
        email: 'Nie będziemy już wysyłać e-maili marketingowych. Obowiązuje od teraz.',
        sms: 'Nie będziemy już wysyłać SMS-ów marketingowych. Obowiązuje od teraz.',
      },
      topic: {
        email: (topic) => `Nie będziemy już wysyłać e-maili o „${topic}”. Obowiązuje od teraz.`,
        sms: (topic) => `Nie będziemy już wysyłać SMS-ów o „${topic}”. Obowiązuje od teraz.`,
      },
      foot: 'Wiadomości o złożonych zamówieniach mogą nadal przychodzić.',
      choices: 'Zobacz wszystko, co można wybrać',
    },
  },
}
