/** The tunnel: frames and heads by themselves, control messages, and whole sessions of both sides. */

import { errorCode } from '../../../src/platform/index.ts'
import {
  decodeControl,
  DEFAULT_LIMITS,
  encodeControl,
  HTTP_CAPABILITIES,
} from '../../../src/tunnel/index.ts'
import { GATEWAY_URI } from '../../../src/tunnel/io/options.ts'
import { checkGateway } from '../../../src/tunnel/io/tls.ts'
import { FLAG_END, FRAME, FrameCursor } from '../../../src/tunnel/frame.ts'
import { FrameBatch } from '../../../src/tunnel/batch.ts'
import {
  readInterimHead,
  readRequestHead,
  readResponseHead,
  readTrailers,
} from '../../../src/tunnel/head-read.ts'
import {
  trailersPayload,
  writeInterimHead,
  writeRequestHead,
  writeResponseHead,
} from '../../../src/tunnel/head-write.ts'
import { readHello, writeHello, type Hello } from '../../../src/tunnel/session-frames.ts'
import { readReason, writeReason } from '../../../src/tunnel/reason.ts'
import type { RequestHead, ResponseHead, StreamReason } from '../../../src/tunnel/index.ts'
import {
  END,
  frame,
  headPayload,
  hello,
  openPayload,
  reasonPayload,
  trailersPayload as naiveTrailers,
  TYPE,
  u32,
} from '../../support/tunnel/naive.ts'
import { openRecorded, requestHead } from '../../support/tunnel/recorder.ts'
import { Solo } from '../../support/tunnel/solo.ts'
import { generator, pick, type Below } from '../random.ts'
import { octetTarget, textTarget, type Shape, type Target } from '../target.ts'

const HEADERS = ['content-type', 'text/html', 'set-cookie', 'a=b; path=/', 'x', '']

type Said =
  | { readonly open: RequestHead }
  | { readonly head: ResponseHead }
  | { readonly interim: ResponseHead }
  | { readonly trailers: readonly string[] }
  | { readonly hello: Hello }
  | { readonly reason: StreamReason }
  | { readonly type: number }

interface ReadFrame {
  readonly streamId: number
  readonly end: boolean
  readonly said: Said
}

function readFrame(cursor: FrameCursor): ReadFrame {
  const { streamId, end } = cursor
  return { streamId, end, said: whatIsSaid(cursor) }
}

function whatIsSaid(cursor: FrameCursor): Said {
  switch (cursor.type) {
    case FRAME.OPEN:
      return { open: readRequestHead(cursor, DEFAULT_LIMITS) }
    case FRAME.HEAD:
      return { head: readResponseHead(cursor, DEFAULT_LIMITS) }
    case FRAME.INTERIM:
      return { interim: readInterimHead(cursor, DEFAULT_LIMITS) }
    case FRAME.TRAILERS:
      return { trailers: readTrailers(cursor, DEFAULT_LIMITS) }
    case FRAME.HELLO:
      return { hello: readHello(cursor) }
    case FRAME.RESET:
    case FRAME.CLOSE:
      return { reason: readReason(cursor, cursor.type === FRAME.RESET) }
    default:
      return { type: cursor.type }
  }
}

function readMessage(message: Uint8Array): ReadFrame[] {
  const cursor = new FrameCursor(DEFAULT_LIMITS, { interim: true, trailers: true, stepUp: true })
  const found: ReadFrame[] = []
  cursor.begin(message)
  while (cursor.next()) found.push(readFrame(cursor))
  return found
}

/** Frames that carry more than a number; the others are left out when a message is written anew. */
function isRich({ said }: ReadFrame): boolean {
  return !('type' in said)
}

function writeMessage(all: readonly ReadFrame[]): Uint8Array {
  const batch = new FrameBatch()
  for (const { streamId, end, said } of all) {
    const out = { batch, limits: DEFAULT_LIMITS, streamId, end }
    if ('open' in said) writeRequestHead(said.open, out)
    if ('head' in said) writeResponseHead(said.head, out)
    if ('interim' in said) writeInterimHead(said.interim, out)
    if ('trailers' in said) writeTrailers(said.trailers, batch, streamId)
    if ('hello' in said) writeHello(said.hello, batch)
    if ('reason' in said) {
      const type = streamId === 0 ? FRAME.CLOSE : FRAME.RESET
      writeReason({ type, streamId, reason: said.reason, withWish: streamId !== 0 }, batch)
    }
  }
  return Buffer.concat(batch.take())
}

function writeTrailers(fields: readonly string[], batch: FrameBatch, streamId: number): void {
  const payload = trailersPayload(fields, DEFAULT_LIMITS)
  const at = batch.begin(FRAME.TRAILERS | FLAG_END, streamId, payload.length)
  batch.buffer.set(payload, at)
}

function lawful(below: Below): Buffer[] {
  const id = 1 + below(4)
  const flags = below(3) === 0 ? END : 0
  const control = Buffer.from(JSON.stringify({ type: 'flush', user: 'x' }))
  const request = requestHead({ headers: HEADERS, ...(below(2) === 0 && { bodyLength: 5 }) })
  return [
    frame(TYPE.OPEN, id, { payload: openPayload(request), flags }),
    frame(TYPE.HEAD, id, { payload: headPayload(200, HEADERS), flags }),
    frame(TYPE.INTERIM, id, { payload: headPayload(103, HEADERS) }),
    frame(TYPE.TRAILERS, id, { payload: naiveTrailers(HEADERS), flags: END }),
    frame(TYPE.DATA, id, { payload: Buffer.alloc(1 + below(300), 65), flags }),
    frame(TYPE.CREDIT, id, { payload: u32(1 + below(1000)) }),
    frame(TYPE.RESET, id, { payload: reasonPayload('ERR_X', 'why') }),
    frame(TYPE.RESET, id, { payload: reasonPayload('ERR_X', 'why', { acr: ['a', 'b'] }) }),
    frame(TYPE.CONTROL, 0, { payload: control }),
    frame(TYPE.PING, 0, { payload: u32(5) }),
    frame(TYPE.PONG, 0, { payload: u32(5) }),
    frame(TYPE.DRAIN, 0),
    frame(TYPE.CLOSE, 0, { payload: reasonPayload('ERR_X', 'bye') }),
    hello({ names: ['a', 'cap.2'] }),
  ]
}

const below = generator(1, 'tunnel')

/** Frames that are longer in one thing. */
const FRAME_SHAPES: readonly Shape[] = [
  shape('many small frames', (count) =>
    Buffer.alloc(count * 13, frame(TYPE.PING, 0, { payload: u32(5) })),
  ),
  shape('many fields', (count) =>
    frame(TYPE.HEAD, 1, { payload: headPayload(200, Array<string>(count >> 1).fill('a')) }),
  ),
  ...[' ', 'a', '\u00e9', ',', '%'].map((text) =>
    shape(`a field of ${JSON.stringify(text)}`, (count) =>
      frame(TYPE.HEAD, 1, { payload: headPayload(200, ['x', text.repeat(count)]) }),
    ),
  ),
  ...['/', '%', '.'].map((text) =>
    shape(`a target of ${text}`, (count) =>
      frame(TYPE.OPEN, 1, {
        payload: openPayload(requestHead({ target: `/${text.repeat(count)}` })),
      }),
    ),
  ),
  shape('a long reason', (count) =>
    frame(TYPE.RESET, 1, { payload: reasonPayload('ERR_X', '\u0001'.repeat(count)) }),
  ),
  shape('many acr values', (count) =>
    frame(TYPE.RESET, 1, {
      payload: reasonPayload('ERR_X', 'why', { acr: Array<string>(count >> 1).fill('a') }),
    }),
  ),
  shape('many capabilities', (count) => hello({ names: Array<string>(count >> 1).fill('a') })),
]

function shape(name: string, make: (octets: number) => Uint8Array): Shape {
  return { name, make }
}

const frames = octetTarget({
  name: 'tunnel/frames',
  shapes: FRAME_SHAPES,
  seeds: [...lawful(below), Buffer.concat(lawful(below))],
  decode: (message) => readMessage(message).filter(isRich),
  encode: writeMessageOrNothing,
  check: () => undefined,
})

/** An empty message is none: a message of frames without content stays what it was. */
function writeMessageOrNothing(all: readonly ReadFrame[]): Uint8Array {
  return all.length === 0 ? frame(TYPE.DRAIN, 0) : writeMessage(all)
}

const APP = {
  id: 'intranet',
  externalUrl: 'https://intranet.example/',
  internalUrl: 'http://iwa.corp.example/',
  preAuthentication: 'oidc',
  singleSignOn: 'kerberos',
  servicePrincipalName: 'HTTP/iwa.corp.example',
  delegatedLoginIdentity: 'userPrincipalName',
  hostHeader: 'internal',
  timeouts: { connectMs: 1, firstOctetMs: 2, idleMs: 3 },
}
const CONTROLS = [
  {
    type: 'apps',
    revision: 1,
    apps: [APP, { ...APP, id: 'b', sendTicket: 'on401', ticketStatuses: [403] }],
    signIn: { issuer: 'https://idp.example', clientId: 'c' },
  },
  { type: 'proof', id: 'p1', idToken: 'a.b.c' },
  { type: 'forget', proofs: ['p1', 'p2'] },
  { type: 'flush', user: 'alice@CORP.EXAMPLE', servicePrincipalName: 'HTTP/a' },
  { type: 'inspect', id: 'a1', user: 'alice@CORP.EXAMPLE', servicePrincipalName: 'HTTP/a' },
  { type: 'account', principal: 'CONN1$@CORP.EXAMPLE', connectors: 2 },
  { type: 'later', more: { __proto__: null, constructor: 1 } },
]
const JSON_WORDS = [
  ...['{', '}', '[', ']', ',', ':', '"', '\\u0000', '\\ud800', '1e999', '-0', 'null', '[['],
  ...['"__proto__":', '"constructor":', '"type":"apps"', '"type":"toString"', '{"a":'],
]

function controls(role: 'gateway' | 'connector', seeds: readonly unknown[]): Target {
  return octetTarget({
    name: `tunnel/control-of-${role}`,
    seeds: seeds.map((seed) => Buffer.from(JSON.stringify(seed))),
    words: JSON_WORDS,
    decode: (octets) => decodeControl(octets, role),
    encode: (message) =>
      message === undefined ? Buffer.from('{"type":"?"}') : encodeControl(message),
  })
}

const STATUS = { type: 'status', version: '1', kerberos: { ready: true, principal: 'CONN1$@R' } }

/** Messages of a session behind their lengths, u16 each; the first octet says which side is played. */
function script(role: number, messages: readonly Buffer[]): Buffer {
  const parts = messages.flatMap((message) => [
    Buffer.from([message.length >> 8, message.length & 0xff]),
    message,
  ])
  return Buffer.concat([Buffer.from([role]), ...parts])
}

function scripts(): Buffer[] {
  return Array.from({ length: 24 }, (_, index) => {
    const messages = Array.from({ length: 1 + below(6) }, () => {
      const all = lawful(below).slice(0, -1)
      return Buffer.concat(Array.from({ length: 1 + below(6) }, () => pick(below, all)))
    })
    return script(index % 2, messages)
  })
}

function messagesOf(octets: Uint8Array): Uint8Array[] {
  const messages: Uint8Array[] = []
  for (let at = 1; at + 2 <= octets.length && messages.length < 12;) {
    const end = at + 2 + (octets[at] ?? 0) * 256 + (octets[at + 1] ?? 0)
    messages.push(octets.subarray(at + 2, end))
    at = end
  }
  return messages
}

/** Plays a script against one side; the fault in how it came to its end, if any. */
function play(octets: Uint8Array): string | undefined {
  const role = (octets[0] ?? 0) % 2 === 0 ? 'gateway' : 'connector'
  const limits = { streamWindowOctets: 2000, maxStreams: 3 }
  const solo = new Solo(role, { limits, capabilities: HTTP_CAPABILITIES })
  solo.ready({ names: [...HTTP_CAPABILITIES] })
  const opened = role === 'gateway' ? [1, 2].map(() => openRecorded(solo.session, {}, false)) : []
  solo.side.onStream = (_recorder, stream) => {
    stream.sendInterim({ status: 103, headers: [] })
    stream.sendHead({ status: 200, headers: [] })
    stream.write(Buffer.alloc(100))
    if (stream.id % 2 === 0) stream.endWithTrailers(['x-sum', '1'])
  }
  for (const message of messagesOf(octets)) {
    if (solo.session.closed) break
    solo.receive(message)
  }
  if (solo.session.openStreams > 4) return 'more streams are open than allowed'
  solo.link.cut()
  const isFault = ({ level, fields }: (typeof solo.logger.lines)[number]): boolean =>
    level === 'error' || String(fields['message']).startsWith('fault while reading')
  if (solo.logger.lines.some(isFault)) return 'a handler or the session threw'
  if (solo.side.closes.length !== 1) return `told of the end ${solo.side.closes.length} times`
  if (solo.session.openStreams !== 0) return 'a stream is left'
  if (solo.clock.pending !== 0) return 'a timer is left'
  const told = [...opened, ...solo.side.streams].every((stream) => stream.resets.length <= 1)
  return told ? undefined : 'a stream was told of its end twice'
}

const session = octetTarget({
  name: 'tunnel/session',
  seeds: scripts(),
  words: lawful(below),
  maxOctets: 16_384,
  shortRuns: 400,
  decode: play,
  check: (fault) => fault,
  isRefusal: () => false,
})

/** The names in a gateway's certificate, as Node writes them. */
const gatewayNames = textTarget({
  name: 'tunnel/gateway-names',
  // Node's own check comes first, of a certificate that a trusted CA signed: none has more names.
  maxOctets: 16_384,
  seeds: [`DNS:gateway.example, URI:${GATEWAY_URI}`, 'DNS:"a, URI:x\\"", DNS:gateway.example'],
  words: ['"', '\\', '\\"', ', ', `URI:${GATEWAY_URI}`, 'DNS:', 'IP Address:'],
  decode: (subjectaltname) =>
    checkGateway('gateway.example', { subject: { CN: 'x' }, subjectaltname }),
  isRefusal: (error) => errorCode(error) === 'ERR_TLS_CERT_ALTNAME_FORMAT',
})

/** A request's target never becomes the start of another line. */
const head = textTarget({
  name: 'tunnel/request-target',
  encoding: 'latin1',
  seeds: ['/', '/a?b=c', '*', '/%2e%2e/é'],
  words: [' ', '\r\n', '\0', '#', '\\', '//', '\u00a0'],
  decode: (target) => {
    const payload = openPayload(requestHead({ target }))
    return readMessage(frame(TYPE.OPEN, 1, { payload }))
  },
})

export const TUNNEL_TARGETS: readonly Target[] = [
  ...[
    frames,
    controls('gateway', CONTROLS),
    controls('connector', [STATUS]),
    session,
    head,
    gatewayNames,
  ],
]
