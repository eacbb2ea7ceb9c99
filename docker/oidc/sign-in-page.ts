/**
 * The provider's sign-in page: one plain form, no script.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type Provider from 'oidc-provider'
import type { People } from './people.ts'
import { PASSWORD, SECOND_FACTOR } from './provider.ts'

const FORM_LIMIT_OCTETS = 16_384

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

function page(message: string, login: string): string {
  return `<!doctype html>
<html lang="en">
  <title>Sign in to corp.example</title>
  <h1>Sign in to corp.example</h1>
  ${message === '' ? '' : `<p role="alert">${escaped(message)}</p>`}
  <form method="post">
    <p><label>User name <input name="login" value="${escaped(login)}" autocomplete="username" autofocus required></label></p>
    <p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>
    <p><button type="submit">Sign in</button></p>
  </form>
</html>
`
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
  })
  response.end(body)
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  let octets = 0
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) {
    octets += chunk.length
    if (octets > FORM_LIMIT_OCTETS) throw new Error('the form is too large')
    chunks.push(chunk)
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
}

/** One browser's request for the page. */
export interface Visit {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** The lab asks for no second factor, but says that it did where one was asked for. */
function acrOf(params: Readonly<Record<string, unknown>>): string {
  const asked = JSON.stringify([params['acr_values'], params['claims']])
  return asked.includes(SECOND_FACTOR) ? SECOND_FACTOR : PASSWORD
}

/**
 * Shows the form, or takes it and sends the browser on.
 *
 * @param provider - Whose interaction this is.
 * @param people - Who can sign in.
 * @param visit - Request and response.
 * @returns When the answer is written.
 */
export async function signInPage(provider: Provider, people: People, visit: Visit): Promise<void> {
  const { request, response } = visit
  const { prompt, params } = await provider.interactionDetails(request, response)
  if (prompt.name === 'consent') {
    await provider.interactionFinished(request, response, { consent: {} })
    return
  }
  const hint = params['login_hint']
  if (request.method !== 'POST') {
    send(response, 200, page('', typeof hint === 'string' ? hint : ''))
    return
  }
  const form = await readForm(request)
  const login = (form.get('login') ?? '').trim()
  const person = await people.signIn(login, form.get('password') ?? '')
  if (person === undefined) {
    send(response, 401, page('The user name or the password is not right.', login))
    return
  }
  await provider.interactionFinished(request, response, {
    login: { accountId: person.id, remember: true, acr: acrOf(params) },
  })
}
