/** A backend that takes uploads and answers when it has read them: `node test/bench/sink.ts`, prints its port. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const server = createServer((request, response) => {
  let octets = 0
  request.on('data', (chunk: Buffer) => {
    octets += chunk.length
  })
  request.on('end', () => {
    response.end(String(octets))
  })
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  console.log(`port ${port}`)
})
