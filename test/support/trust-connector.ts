/** The connector's side of trust: registers into a temporary directory and dials. For scenario tests. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import {
  readRegistration,
  registrationFiles,
  registrationTransport,
} from '../../src/connector/io/index.ts'
import {
  registerConnector,
  type Registered,
  type RegistrationRecord,
} from '../../src/connector/index.ts'
import { systemClock } from '../../src/platform/io/index.ts'
import type { TunnelSession } from '../../src/tunnel/index.ts'
import { dialTunnel } from '../../src/tunnel/io/index.ts'
import { MemoryLogger } from './manual-clock.ts'

/** A connector with a state directory of its own. */
export class TrustConnector {
  readonly directory: string = mkdtempSync(join(tmpdir(), 'sallyport-connector-'))

  register(token: string, force = false): Promise<Registered> {
    return registerConnector(
      { token, name: 'conn1', force },
      {
        transport: registrationTransport(),
        files: registrationFiles(this.directory),
        clock: systemClock,
      },
    )
  }

  read(): Promise<RegistrationRecord> {
    return readRegistration(this.directory)
  }

  /** Dials as the connector would, with a part of its identity exchanged. */
  async dial(other: Partial<RegistrationRecord> = {}): Promise<TunnelSession> {
    const { address, serverName, ca, cert, key } = { ...(await this.read()), ...other }
    const handler = { onControl: () => undefined, onClose: () => undefined }
    const ports = { clock: systemClock, logger: new MemoryLogger(), handler }
    return dialTunnel({ address, serverName, ca, cert, key, ...ports })
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true })
  }
}

/** What a bare TLS client may choose. */
export interface BareOptions {
  readonly cert?: string
  readonly key?: string
  readonly session?: Buffer
  readonly localAddress?: string
}

/** Opens TLS by hand, trusting anyone. */
export async function bareTls(port: number, options: BareOptions = {}): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options })
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  return socket
}

/** Sends octets and collects all that comes until the other end hangs up. */
export async function exchange(socket: TLSSocket, text: string): Promise<string> {
  let received = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    received += chunk
  })
  socket.write(text)
  await once(socket, 'close')
  return received
}

/** A WebSocket upgrade request for the tunnel. */
export const UPGRADE_REQUEST: string = [
  'GET /tunnel HTTP/1.1',
  'Host: gateway.example',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Protocol: sallyport.1',
  '',
  '',
].join('\r\n')
