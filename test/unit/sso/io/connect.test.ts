/** A socket to a backend that nobody waits for any more. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { it } from 'node:test'
import type { BackendTarget } from '../../../../src/sso/index.ts'
import { openSocket } from '../../../../src/sso/io/index.ts'

it('a socket that was opened just as its request went away is closed', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const cancelled = new AbortController()
  let asked = 0
  const target: BackendTarget = {
    ...{ protocol: 'http:', hostname: 'a.example', port, tls: { verify: 'ca', ca: undefined } },
    // Asked for the second time when the socket is open.
    allowsAddress: () => {
      if (++asked === 2) cancelled.abort()
      return true
    },
    timeouts: { connectMs: 10_000, firstOctetMs: 10_000, idleMs: 10_000 },
  }
  const connected = once(server, 'connection') as Promise<[Socket]>
  const opening = openSocket(target, () => Promise.resolve(['127.0.0.1']), cancelled.signal)
  await assert.rejects(opening, { code: 'ERR_BACKEND_ABORTED' })
  const [socket] = await connected
  t.after(() => socket.destroy())
  await once(socket.resume(), 'close', { signal: AbortSignal.timeout(10_000) })
})
