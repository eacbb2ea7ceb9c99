/**
 * The lab's OpenID provider: HTTPS, passwords checked against the domain. `node docker/oidc/main.ts`; settings.ts has
 * the environment variables.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { People } from './people.ts'
import { createProvider } from './provider.ts'
import { readSettings } from './settings.ts'
import { signInPage } from './sign-in-page.ts'

const settings = readSettings()
const people = new People(settings)
const provider = createProvider(settings, people)
const callback = provider.callback()

provider.on('server_error', (_ctx, error) => {
  console.error(`oidc: ${error.stack ?? error.message}`)
})

function fail(response: ServerResponse, error: unknown): void {
  const text = error instanceof Error ? error.message : String(error)
  console.error(`oidc: ${text}`)
  if (response.headersSent) response.destroy()
  else response.writeHead(500, { 'content-type': 'text/plain' }).end(`${text}\n`)
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    if (request.url?.startsWith('/interaction/') === true) {
      await signInPage(provider, people, { request, response })
    } else {
      await callback(request, response)
    }
  } catch (error) {
    fail(response, error)
  }
}

const server = createServer(
  {
    cert: readFileSync(`${settings.tlsDirectory}/oidc.pem`),
    key: readFileSync(`${settings.tlsDirectory}/oidc.key`),
  },
  (request, response) => {
    void answer(request, response)
  },
)
server.listen(settings.port, settings.address, () => {
  console.error(`oidc: listening on ${settings.issuer}`)
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close()
    server.closeAllConnections()
  })
}
