/** One large body down or up over HTTPS, by a client that costs as little as can be: it never looks at the octets. */
import { connect, type TLSSocket } from 'node:tls'

/** Where to, and how much. */
export interface BulkOptions {
  readonly port: number
  /** The Host field. */
  readonly host: string
  readonly path: string
  readonly octets: number
}

const CHUNK = Buffer.alloc(262_144)

function open(port: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      port,
      host: '127.0.0.1',
      servername: 'localhost',
      // A bench of this machine against itself: the certificate is made for the occasion.
      rejectUnauthorized: false,
    })
    socket.once('error', reject)
    socket.once('secureConnect', () => {
      resolve(socket)
    })
  })
}

/** Reads until so many octets of body have come; rejects on another status or an early end. */
function response(socket: TLSSocket, octets: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let head = ''
    let body = -1
    socket.on('data', (chunk: Buffer) => {
      if (body >= 0) body += chunk.length
      else {
        head += chunk.toString('latin1')
        const end = head.indexOf('\r\n\r\n')
        if (end >= 0) body = head.length - end - 4
      }
      if (body >= 0 && !head.startsWith('HTTP/1.1 200')) reject(new Error(head.slice(0, 200)))
      else if (body >= octets) resolve()
    })
    socket.on('close', () => {
      reject(new Error(`connection closed after ${body} octets of body`))
    })
  })
}

/** Downloads; MB per second. */
export async function download(options: BulkOptions): Promise<number> {
  const socket = await open(options.port)
  const done = response(socket, options.octets)
  const began = performance.now()
  socket.write(`GET ${options.path} HTTP/1.1\r\nHost: ${options.host}\r\n\r\n`)
  await done
  const seconds = (performance.now() - began) / 1000
  socket.destroy()
  return options.octets / 1e6 / seconds
}

/** Uploads; MB per second, until the backend has answered. */
export async function upload(options: BulkOptions): Promise<number> {
  const socket = await open(options.port)
  const done = response(socket, 1)
  const began = performance.now()
  socket.write(
    `POST ${options.path} HTTP/1.1\r\nHost: ${options.host}\r\nContent-Length: ${options.octets}\r\n\r\n`,
  )
  let left = options.octets
  const pump = (): void => {
    while (left > 0) {
      const size = Math.min(left, CHUNK.length)
      left -= size
      if (!socket.write(size === CHUNK.length ? CHUNK : CHUNK.subarray(0, size))) {
        socket.once('drain', pump)
        return
      }
    }
  }
  pump()
  await done
  const seconds = (performance.now() - began) / 1000
  socket.destroy()
  return options.octets / 1e6 / seconds
}
