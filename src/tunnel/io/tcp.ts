/**
 * The plain way to the gateway: one TCP connection.
 *
 * @module
 */

import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { errorText } from '../../platform/index.ts'
import { TunnelError } from '../index.ts'
import type { ConnectTarget } from './options.ts'

const ADDRESS = /^(?:\[([0-9A-Fa-f:.%]+)\]|([^\s:/[\]]+)):([0-9]{1,5})$/

/**
 * Splits `host:port`.
 *
 * @param address - An IPv6 host stands in brackets.
 * @returns Host and port.
 * @throws RangeError when it is not of that form.
 */
export function parseAddress(address: string): { host: string; port: number } {
  const match = ADDRESS.exec(address)
  const port = Number(match?.[3])
  const host = match?.[1] ?? match?.[2]
  if (host === undefined || port < 1 || port > 65_535) {
    throw new RangeError(`'${address}' is not host:port`)
  }
  return { host, port }
}

/**
 * Connects by TCP.
 *
 * @param target - Where to, and until when.
 * @returns The connected socket.
 * @throws TunnelError ERR_TUNNEL_UNREACHABLE.
 */
export function connectTcp(target: ConnectTarget): Promise<Duplex> {
  const { host, port, signal } = target
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true })
    const fail = (error: unknown): void => {
      signal.removeEventListener('abort', onAbort)
      socket.destroy()
      const what = `cannot reach ${host} port ${port}: ${errorText(error)}`
      const mend = 'Check the address, DNS, and that the firewall lets the connector out.'
      reject(new TunnelError('ERR_TUNNEL_UNREACHABLE', what, { cause: error, mend }))
    }
    const onAbort = (): void => {
      fail(signal.reason)
    }
    signal.addEventListener('abort', onAbort)
    socket.on('error', fail)
    socket.on('connect', () => {
      signal.removeEventListener('abort', onAbort)
      socket.off('error', fail)
      resolve(socket)
    })
    if (signal.aborted) onAbort()
  })
}
