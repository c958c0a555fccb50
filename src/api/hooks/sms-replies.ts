/**
 * What is answered to STOP, START and HELP, in the language of whoever has the number. The words to send stay as carriers
 * know them.
 */

import type { Queryable } from '../../store/database.ts'
import { languageOf } from '../customer-pages/words/languages.ts'

export interface SmsReplies {
  readonly stopped: string
  readonly confirmed: string
  readonly resumed: string
  readonly help: string
}

const english: SmsReplies = {
  stopped: 'you are unsubscribed and will get no more messages. Reply START to resubscribe.',
  confirmed: 'thank you, that is confirmed. Reply STOP to end, HELP for help.',
  resumed: 'you are subscribed again. Reply STOP to end, HELP for help.',
  help: 'offers and news by text message. Reply STOP to end. Message and data rates may apply.',
}

const translations: Readonly<Record<string, SmsReplies>> = {
  de: {
    stopped: 'Sie sind abgemeldet und bekommen keine Nachrichten mehr. Mit START melden Sie sich wieder an.',
    confirmed: 'danke, das ist bestätigt. STOP beendet, HELP hilft.',
    resumed: 'Sie sind wieder angemeldet. STOP beendet, HELP hilft.',
    help: 'Angebote und Neues per SMS. STOP beendet. Es können Kosten Ihres Anbieters anfallen.',
  },
  fr: {
    stopped: 'vous êtes désinscrit et ne recevrez plus de messages. Répondez START pour vous réinscrire.',
    confirmed: 'merci, c’est confirmé. Répondez STOP pour arrêter, HELP pour de l’aide.',
    resumed: 'vous êtes de nouveau inscrit. Répondez STOP pour arrêter, HELP pour de l’aide.',
    help: 'offres et nouveautés par SMS. Répondez STOP pour arrêter. Des frais de votre opérateur peuvent s’appliquer.',
  },
  es: {
    stopped: 'se ha dado de baja y no recibirá más mensajes. Responda START para volver.',
    confirmed: 'gracias, queda confirmado. Responda STOP para terminar, HELP para ayuda.',
    resumed: 'vuelve a estar suscrito. Responda STOP para terminar, HELP para ayuda.',
    help: 'ofertas y novedades por SMS. Responda STOP para terminar. Su operador puede cobrar los mensajes.',
  },
  it: {
    stopped: 'la sua iscrizione è terminata e non riceverà altri messaggi. Risponda START per tornare.',
    confirmed: 'grazie, è confermato. Risponda STOP per terminare, HELP per aiuto.',
    resumed: 'è di nuovo iscritto. Risponda STOP per terminare, HELP per aiuto.',
    help: 'offerte e novità via SMS. Risponda STOP per terminare. Possono applicarsi costi dell’operatore.',
  },
  nl: {
    stopped: 'u bent afgemeld en krijgt geen berichten meer. Antwoord START om u weer aan te melden.',
    confirmed: 'dank u, dat is bevestigd. Antwoord STOP om te stoppen, HELP voor hulp.',
    resumed: 'u bent weer aangemeld. Antwoord STOP om te stoppen, HELP voor hulp.',
    help: 'aanbiedingen en nieuws per sms. Antwoord STOP om te stoppen. Uw provider kan kosten rekenen.',
  },
  pt: {
    stopped: 'a sua inscrição terminou e não receberá mais mensagens. Responda START para voltar.',
    confirmed: 'obrigado, está confirmado. Responda STOP para terminar, HELP para ajuda.',
    resumed: 'está inscrito de novo. Responda STOP para terminar, HELP para ajuda.',
    help: 'ofertas e novidades por SMS. Responda STOP para terminar. O seu operador pode cobrar as mensagens.',
  },
  pl: {
    stopped: 'wypisano. Nie wyślemy więcej wiadomości. Odpowiedz START, aby zapisać się ponownie.',
    confirmed: 'dziękujemy, potwierdzono. Odpowiedz STOP, aby zakończyć, HELP, aby uzyskać pomoc.',
    resumed: 'zapisano ponownie. Odpowiedz STOP, aby zakończyć, HELP, aby uzyskać pomoc.',
    help: 'oferty i nowości SMS-em. Odpowiedz STOP, aby zakończyć. Operator może naliczyć opłaty.',
  },
  ja: {
    stopped: '配信を停止しました。今後メッセージは届きません。再開するには START と返信してください。',
    confirmed: 'ありがとうございます。確認しました。停止は STOP、ヘルプは HELP と返信してください。',
    resumed: '配信を再開しました。停止は STOP、ヘルプは HELP と返信してください。',
    help: 'お得な情報とお知らせをSMSでお送りします。停止は STOP と返信してください。通信料がかかる場合があります。',
  },
}

/** English where those who share the number speak several languages, or none of these. */
export async function repliesFor(client: Queryable, addressHash: Buffer): Promise<SmsReplies> {
  const { rows } = await client.query<{ locale: string | null }>(
    `SELECT DISTINCT c.locale FROM contact_points p JOIN customers c ON c.id = p.customer_id
      WHERE p.channel = 'sms' AND p.address_hash = $1 AND p.current AND c.locale IS NOT NULL LIMIT 20`,
    [addressHash],
  )
  const languages = new Set(rows.map(({ locale }) => languageOf(locale ?? '')))
  const [language = ''] = languages
  return (languages.size === 1 && Object.hasOwn(translations, language) ? translations[language] : undefined) ?? english
}
