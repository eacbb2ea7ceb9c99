/**
 * Registers a connector with a one-time token.
 *
 * Two connections. The first one sends nothing: it only looks at the certificates that the other end shows, and the
 * token says which CA key must be among them. Then the secret goes out on a second one, which trusts that CA alone.
 *
 * @module
 */

import { z } from 'zod'
import { printable, type Clock } from '../platform/index.ts'
import {
  createKey,
  createSigningRequest,
  decodeRegistrationToken,
  judgeConnectorCertificate,
  judgeGatewayChain,
  loadCertificate,
  parseAddress,
  privateKeyFromPem,
  privateKeyToPem,
  UUID,
  type HostPort,
} from '../pki/index.ts'
import { GatewayRefusal, RegisterError } from './register-errors.ts'

/** What is asked of the gateway. */
export interface RegistrationBody {
  readonly secret: string
  /** PEM of a PKCS #10 request. */
  readonly csr: string
  readonly name: string
}

/** The gateway's answer, as it came. */
export interface RegistrationAnswer {
  readonly status: number
  /** Parsed JSON, undefined where it is none. */
  readonly body: unknown
}

/** Where the gateway is and which name it has. */
export interface GatewayTarget extends HostPort {
  readonly serverName: string
}

/** Connections to the gateway. Both reject with RegisterError ERR_CONNECTOR_REGISTER_UNREACHABLE or _TLS. */
export interface RegistrationTransport {
  /** Shakes hands, sends no octet above TLS, and hangs up. Returns the chain shown: DER, the end certificate first. */
  presentedChain(target: GatewayTarget): Promise<readonly Uint8Array[]>
  /** Sends the request on a connection that trusts this CA (PEM) alone. */
  submit(
    target: GatewayTarget & { readonly ca: string },
    body: RegistrationBody,
  ): Promise<RegistrationAnswer>
}

/** What registration leaves behind. */
export interface RegistrationRecord {
  /** `host:port` of the gateway's tunnel listener. */
  readonly address: string
  readonly serverName: string
  /** UUID that the gateway gave. */
  readonly id: string
  readonly group: string
  readonly name: string
  /** PEM of the gateway's CA. */
  readonly ca: string
  /** PEM of the connector's certificate. */
  readonly cert: string
  /** PEM of its private key. */
  readonly key: string
}

/** The state directory. */
export interface RegistrationFiles {
  /** Creates the directory; rejects when it cannot be written, or holds a registration and `force` is not set. */
  prepare(force: boolean): Promise<void>
  /** Keeps all files or none. */
  save(record: RegistrationRecord, force: boolean): Promise<void>
}

/** What registration needs of the outside. */
export interface RegisterPorts {
  readonly transport: RegistrationTransport
  readonly files: RegistrationFiles
  readonly clock: Clock
}

/** What the administrator gave. */
export interface RegisterOptions {
  /** Text of the registration token. */
  readonly token: string
  /** What the connector is called in lists, 1 to 64 characters. */
  readonly name: string
  /** Replace an existing registration. Default false. */
  readonly force?: boolean
}

/** What is told about a registration that succeeded. */
export type Registered = Pick<RegistrationRecord, 'id' | 'group' | 'name' | 'address'>

const replySchema = z.object({
  id: z.string().regex(UUID),
  group: z.string().min(1).max(64),
  certificate: z.string().min(1).max(16_384),
})

const refusalSchema = z.object({
  code: z.string().regex(/^ERR_[A-Z0-9_]{1,60}$/),
  message: z.string().max(512),
  mend: z.string().max(512).optional(),
})

const NAME = /^[\p{L}\p{N}\p{P} ]{1,64}$/u

const BAD_REPLY_MEND = 'Check that the address is the tunnel listener of a gateway of this version.'

function refusal({ status, body }: RegistrationAnswer): GatewayRefusal | RegisterError {
  const parsed = refusalSchema.safeParse(body)
  if (!parsed.success) {
    const what = `the gateway answered ${status}, and not in words a connector knows`
    return new RegisterError('ERR_CONNECTOR_REGISTER_REPLY', what, { mend: BAD_REPLY_MEND })
  }
  const { code, message, mend } = parsed.data
  const options = mend === undefined ? {} : { mend: printable(mend) }
  return new GatewayRefusal(code, printable(message), options)
}

function parseReply(answer: RegistrationAnswer): z.infer<typeof replySchema> {
  if (answer.status !== 201) throw refusal(answer)
  const parsed = replySchema.safeParse(answer.body)
  if (parsed.success) return parsed.data
  const mend = BAD_REPLY_MEND
  throw new RegisterError('ERR_CONNECTOR_REGISTER_REPLY', 'the reply is no registration', { mend })
}

/** The certificate must be for our key and of the CA that was pinned; a gateway in order never fails here. */
function requireUsable(record: RegistrationRecord, nowMs: number): void {
  let fits
  try {
    const certificate = loadCertificate(record.cert)
    const identity = judgeConnectorCertificate(record.ca, certificate.raw, nowMs)
    const ours = certificate.checkPrivateKey(privateKeyFromPem(record.key))
    fits = ours && identity.connectorId === record.id
  } catch (cause) {
    throw unusable(cause)
  }
  if (!fits) throw unusable()
}

function unusable(cause?: unknown): RegisterError {
  return new RegisterError(
    'ERR_CONNECTOR_REGISTER_REPLY',
    'the gateway sent a certificate that this connector cannot use',
    { cause, mend: 'Check the clocks of both machines and the log of the gateway.' },
  )
}

function requireName(name: string): void {
  if (NAME.test(name)) return
  throw new RegisterError(
    'ERR_CONNECTOR_REGISTER_NAME',
    'a connector name has 1 to 64 letters, digits, punctuation marks or spaces',
    { mend: 'Give another name.' },
  )
}

/**
 * Registers this connector. Nothing is kept unless all of it succeeds.
 *
 * @param options - Token, name, and whether to replace.
 * @param ports - Connections, state directory, clock.
 * @returns What the connector now is.
 * @throws PkiError ERR_PKI_TOKEN, ERR_PKI_PIN_MISMATCH and others; RegisterError; GatewayRefusal with the gateway's code,
 *   such as ERR_GATEWAY_TOKEN_USED.
 */
export async function registerConnector(
  options: RegisterOptions,
  ports: RegisterPorts,
): Promise<Registered> {
  const { transport, files, clock } = ports
  const { name, force = false } = options
  const { address, serverName, pin, secret } = decodeRegistrationToken(options.token)
  requireName(name)
  await files.prepare(force)
  const { host = '', port = 0 } = parseAddress(address) ?? {}
  const target: GatewayTarget = { host, port, serverName }
  const chain = await transport.presentedChain(target)
  const ca = judgeGatewayChain(chain, { pin, serverName }, clock.nowMs())
  const key = createKey()
  const body: RegistrationBody = { secret, csr: createSigningRequest(key, name), name }
  const reply = parseReply(await transport.submit({ ...target, ca }, body))
  const { id, group, certificate: cert } = reply
  const record = { address, serverName, id, group, name, ca, cert, key: privateKeyToPem(key) }
  requireUsable(record, clock.nowMs())
  await files.save(record, force)
  return { id, group, name, address }
}
