/** Small pieces of HTML that are put into messages. */

export function appendToBody(html: string, part: string): string {
  const end = html.toLowerCase().lastIndexOf('</body>')
  return end === -1 ? `${html}\n${part}` : `${html.slice(0, end)}${part}\n${html.slice(end)}`
}

export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
