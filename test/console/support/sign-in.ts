/** Signing in to the console as its form does. */

import type { TestServer } from '../../api/support/test-server.ts'

/** @returns what a browser sends along from then on; empty if it was refused. */
export async function signIn({ url }: Pick<TestServer, 'url'>, token: string): Promise<string> {
  const body = new URLSearchParams({ token })
  const login = await fetch(`${url}/login`, { method: 'POST', redirect: 'manual', body })
  return login.headers.get('set-cookie')?.split(';')[0] ?? ''
}
