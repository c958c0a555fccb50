/** A workflow that breaks the import rules, by a detour that lint does not see. For the test of the bundle. */

import { insertNews } from '../../../src/store/news.ts'

export async function impureWorkflow(): Promise<string> {
  return insertNews.name
}
