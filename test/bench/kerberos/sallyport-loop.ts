/**
 * Tokens by Sallyport: `sallyport-loop.ts SPN@REALM header|token`, with the ticket in the file KRB5CCNAME. As a header value
 * (base64, as npm kerberos gives it) or as octets (as the GSS-API gives it).
 */
import {
  findTicket,
  formatNegotiate,
  Initiator,
  parsePrincipal,
  type ServiceTicket,
} from '../../../src/kerberos/index.ts'
import { readCcacheFile } from '../../../src/kerberos/io/index.ts'
import { systemClock, systemRandom } from '../../../src/platform/io/index.ts'
import { serveLoop } from './loop-server.ts'

async function ticketFor(name: string): Promise<ServiceTicket> {
  const { principal: server, realm = '' } = parsePrincipal(name)
  const ccache = await readCcacheFile(process.env['KRB5CCNAME'] ?? '')
  const ticket = findTicket(ccache, { server, realm, nowMs: Date.now() })
  if (ticket === undefined) throw new Error(`no ticket to ${name} in the cache`)
  return ticket
}

const [, , name = '', form] = process.argv
const initiator = new Initiator(await ticketFor(name), { clock: systemClock, random: systemRandom })

/** The channel comes with the call where there is one. */
function make(channelBinding: Uint8Array | undefined): Uint8Array {
  return initiator.createToken(channelBinding === undefined ? {} : { channelBinding }).token
}

console.log('ready')
await serveLoop({
  one:
    form === 'header'
      ? (binding) => formatNegotiate(make(binding)).length
      : (binding) => make(binding).length,
  token: () => Promise.resolve(make(undefined)),
})
