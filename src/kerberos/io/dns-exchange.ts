/**
 * One question to one name server, over UDP, and over TCP where the answer did not fit (RFC 1035 section 4.2).
 *
 * @module
 */

import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'
import type { DnsAnswer } from './dns-message.ts'
import type { HostPort } from './kdc-address.ts'

const LENGTH_OCTETS = 2

/** One question. */
export interface DnsQuestion<T> {
  /** The name server, by address. */
  readonly server: HostPort
  /** The message. */
  readonly query: Buffer
  /** Time for the answer, milliseconds; again as much for TCP. */
  readonly timeoutMs: number
  /** Reads the answer to the query. */
  readonly decode: (octets: Buffer, query: Buffer) => DnsAnswer<T>
}

/**
 * Asks a name server for records.
 *
 * @param question - What to ask whom.
 * @returns Its answer.
 * @throws Error when it does not answer in time, or wrongly.
 */
export async function askDns<T>(question: DnsQuestion<T>): Promise<DnsAnswer<T>> {
  const answer = await overUdp(question)
  return answer.truncated ? overTcp(question) : answer
}

async function overUdp<T>(question: DnsQuestion<T>): Promise<DnsAnswer<T>> {
  const { server, query, timeoutMs } = question
  const { promise, resolve, reject } = Promise.withResolvers<DnsAnswer<T>>()
  const socket = createSocket(isIPv6(server.host) ? 'udp6' : 'udp4')
  const timer = setTimeout(() => {
    reject(new Error(`no answer within ${timeoutMs} ms`))
  }, timeoutMs)
  socket.on('error', reject)
  socket.on('message', (octets) => {
    // Somebody may throw stray answers at us: only one with our number counts.
    if (octets.length < 2 || octets.readUInt16BE(0) !== query.readUInt16BE(0)) return
    settle(octets, question, { resolve, reject })
  })
  // An event, not a callback: Node hands an error of connecting to a callback alone.
  socket.on('connect', () => {
    socket.send(query)
  })
  // Connected: the kernel drops what comes from elsewhere.
  socket.connect(server.port, server.host)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    socket.close()
  }
}

async function overTcp<T>(question: DnsQuestion<T>): Promise<DnsAnswer<T>> {
  const { server, query, timeoutMs } = question
  const { promise, resolve, reject } = Promise.withResolvers<DnsAnswer<T>>()
  const socket = connect({ ...server, noDelay: true })
  const timer = setTimeout(() => {
    reject(new Error(`no answer within ${timeoutMs} ms`))
  }, timeoutMs)
  let received = Buffer.alloc(0)
  socket.on('error', reject)
  socket.on('close', () => {
    reject(new Error('the connection was closed before the answer was whole'))
  })
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    if (received.length < LENGTH_OCTETS) return
    const end = LENGTH_OCTETS + received.readUInt16BE()
    if (received.length >= end) {
      settle(received.subarray(LENGTH_OCTETS, end), question, { resolve, reject })
    }
  })
  const length = Buffer.alloc(LENGTH_OCTETS)
  length.writeUInt16BE(query.length)
  socket.write(Buffer.concat([length, query]))
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}

function settle<T>(
  octets: Buffer,
  { query, decode }: DnsQuestion<T>,
  outcome: { resolve: (answer: DnsAnswer<T>) => void; reject: (error: unknown) => void },
): void {
  try {
    outcome.resolve(decode(octets, query))
  } catch (error) {
    outcome.reject(error)
  }
}
