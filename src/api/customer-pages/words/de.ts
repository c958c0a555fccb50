import type { CustomerWords } from './customer-words.ts'

export const german: CustomerWords = {
  lang: 'de',
  channels: { email: 'E-Mail', sms: 'SMS' },
  onChannel: { email: 'E-Mail', sms: 'SMS' },
  from: (channel, brand, what) => `${channel} von ${brand}: ${what}`,
  everything: 'alles',
  link: {
    title: 'Unbekannter Link',
    heading: 'Dieser Link ist unvollständig',
    hint: 'Bitte öffnen Sie ihn noch einmal aus der Nachricht oder kopieren Sie ihn ganz. Ein Link endet auch, wenn alles über Sie gelöscht wurde.',
  },
  choices: {
    title: 'Ihre Auswahl',
    heading: 'Wovon möchten Sie hören?',
    hint: 'Kreuzen Sie an, was Sie möchten, und lassen Sie weg, was Sie nicht möchten. Es gilt, sobald Sie es speichern.',
    to: (address) => `an ${address}`,
    noAddress: 'Wir haben keine Adresse von Ihnen, an die wir schreiben könnten.',
    waits: 'Wartet auf Ihre Bestätigung: Wir haben Ihnen eine Nachricht geschickt.',
    suppressed: {
      stop: 'Sie haben mit STOP geantwortet, deshalb wird an diese Nummer nichts gesendet. Antworten Sie derselben Nummer mit START, um wieder anzufangen.',
      complaint:
        'Eine Nachricht an diese Adresse wurde als unerwünscht gemeldet, deshalb wird nichts mehr dorthin gesendet.',
      bounce: 'Nachrichten an diese Adresse kamen zurück, deshalb wird nichts mehr dorthin gesendet.',
      invalid: 'Diese Adresse ist nicht erreichbar, deshalb wird nichts mehr dorthin gesendet.',
      other: 'An diese Adresse wird nichts gesendet. Bitte fragen Sie uns, wenn Sie das ändern möchten.',
    },
    measuring: 'Messung',
    measured: 'Sie dürfen messen, ob ich Nachrichten öffne und welchen Links darin ich folge',
    save: 'Meine Auswahl speichern',
    endAll: 'Von allem abmelden',
    foot: 'Nachrichten zu Bestellungen, die Sie aufgeben, etwa Belege, können Sie weiterhin erreichen.',
    saved: (list) => `Gespeichert. Sie hören von: ${list}.`,
    savedNothing: 'Gespeichert. Sie bekommen keine Werbung mehr von uns.',
    savedWaits: 'Wir haben Ihnen eine Nachricht geschickt, mit der Sie das Neue bestätigen.',
    ended: 'Sie sind von allem abgemeldet. Es erreicht Sie keine Werbung mehr von uns.',
    unchanged: 'Es wurde nichts geändert.',
  },
  confirm: {
    title: 'Bitte bestätigen',
    heading: 'Ein Klick, und Sie sind dabei',
    hint: 'Noch ist nichts bestätigt.',
    button: 'Ja, bestätigen',
    foot: 'Wenn Sie das nicht waren, schließen Sie diese Seite: Dann wird nichts gesendet.',
    done: {
      title: 'Bestätigt',
      heading: 'Danke, das ist bestätigt',
      hint: 'In jeder Nachricht steht ein Link, mit dem Sie es sich anders überlegen können.',
    },
    spent: {
      title: 'Link beendet',
      heading: 'Dieser Link hat seinen Dienst getan',
      expired: 'Dieser Link ist abgelaufen: Er galt sieben Tage.',
      used: 'Dieser Link wurde schon benutzt, oder Sie haben sich seither anders entschieden. Jetzt wurde nichts geändert.',
    },
    again: {
      title: 'Neuer Link',
      offer: 'Wenn Sie noch bestätigen möchten, schicken wir Ihnen gern eine neue Nachricht.',
      button: 'Neuen Link schicken',
    },
    sent: { heading: 'Ein neuer Link ist unterwegs', hint: 'Bitte sehen Sie gleich in Ihr Postfach.' },
    tooSoon: {
      heading: 'Bitte warten Sie etwas',
      hint: 'Wir haben Ihnen vor Kurzem eine Nachricht geschickt, oder heute schon mehrere. Sehen Sie auch unter den unerwünschten nach und versuchen Sie es später noch einmal.',
    },
  },
  unsubscribe: {
    title: 'Abmelden',
    hint: 'Noch ist nichts geändert. Was möchten Sie beenden?',
    endAll: { email: 'Alle Werbe-E-Mails beenden', sms: 'Alle Werbe-SMS beenden' },
    endTopic: {
      email: (topic) => `Nur E-Mails über „${topic}“ beenden`,
      sms: (topic) => `Nur SMS über „${topic}“ beenden`,
    },
    instead: 'Stattdessen auswählen, wovon Sie hören',
    done: {
      title: 'Abgemeldet',
      heading: 'Sie sind abgemeldet',
      all: {
        email: 'Sie bekommen keine Werbe-E-Mails mehr von uns. Das gilt ab sofort.',
        sms: 'Sie bekommen keine Werbe-SMS mehr von uns. Das gilt ab sofort.',
      },
      topic: {
        email: (topic) => `Sie bekommen keine E-Mails über „${topic}“ mehr von uns. Das gilt ab sofort.`,
        sms: (topic) => `Sie bekommen keine SMS über „${topic}“ mehr von uns. Das gilt ab sofort.`,
      },
      foot: 'Nachrichten zu Bestellungen, die Sie aufgeben, können Sie weiterhin erreichen.',
      choices: 'Alles ansehen, was Sie auswählen können',
    },
  },
}
