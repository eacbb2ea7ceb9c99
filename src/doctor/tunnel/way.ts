/**
 * The way to the gateway, step by step: name, TCP, TLS and who speaks it.
 *
 * @module
 */

import { X509Certificate } from 'node:crypto'
import { errorCode, errorText, shellWord } from '../../platform/index.ts'
import { found, type Check, type Finding } from '../check.ts'
import { isFor, isOutOfTime, readCertificate, type CertificateFacts } from '../tls-facts.ts'
import { registerMend } from '../register-mend.ts'
import type { RegistrationFacts, TunnelWorld } from './world.ts'

/** `host:port`, IPv6 in brackets. Registration has checked it. */
function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const at = address.lastIndexOf(':')
  const host = address.slice(0, at).replace(/^\[|\]$/g, '')
  return { host, port: Number(address.slice(at + 1)) }
}

/** Has the name an address? */
export const resolveCheck: Check<TunnelWorld> = {
  id: 'tunnel.resolve',
  title: 'name of the gateway',
  needs: ['tunnel.registration'],
  async run(world) {
    const { host } = splitAddress((await world.registration()).address)
    try {
      const addresses = await world.addresses(host)
      return [
        found(
          'DOCTOR_GATEWAY_RESOLVES',
          addresses.includes(host)
            ? `the gateway is at ${host}`
            : `the gateway, ${host}, is at ${addresses.join(', ')}`,
        ),
      ]
    } catch (error) {
      const message = `the gateway, ${host}, has no address: ${errorCode(error)}`
      const mends = [
        { text: 'Ask the host’s own resolver.', shell: `getent ahosts ${shellWord(host)}` },
      ]
      return [found('DOCTOR_GATEWAY_NO_ADDRESS', message, { mends })]
    }
  },
}

/** Does it take connections? */
export const tcpCheck: Check<TunnelWorld> = {
  id: 'tunnel.tcp',
  title: 'TCP to the gateway',
  needs: ['tunnel.resolve'],
  async run(world, signal) {
    const { address } = await world.registration()
    const { host, port } = splitAddress(address)
    try {
      const ms = await world.connect(host, port, signal)
      const reached = found(
        'DOCTOR_GATEWAY_TCP',
        `${address} takes connections (${Math.round(ms)} ms)`,
      )
      return [reached, ...proxyUnused(world, false)]
    } catch (error) {
      const message = `no TCP connection to ${address}: ${errorCode(error)}`
      const text = 'See that the gateway runs, and that the firewall lets this host out to it.'
      const mends = [{ text, shell: `nc -vz ${shellWord(host)} ${port}` }]
      return [found('DOCTOR_TUNNEL_UNREACHABLE', message, { mends }), ...proxyUnused(world, true)]
    }
  },
}

/** Worth a word only where the direct way fails. */
function proxyUnused({ proxy }: TunnelWorld, failed: boolean): readonly Finding[] {
  if (proxy === undefined || !failed) return []
  const message = `the environment names the forward proxy ${proxy}; the tunnel is dialled without it`
  const mends = [{ text: 'Let the firewall pass this host to the gateway’s tunnel port.' }]
  return [found('DOCTOR_GATEWAY_PROXY_UNUSED', message, { mends })]
}

/** Who answers? */
export const tlsCheck: Check<TunnelWorld> = {
  id: 'tunnel.tls',
  title: 'TLS with the gateway',
  needs: ['tunnel.tcp'],
  async run(world, signal) {
    const registration = await world.registration()
    const { address, serverName: name, ca } = registration
    try {
      const { chain } = await world.peek({ ...splitAddress(address), name, ca }, signal)
      const facts = chain[0] && readCertificate(chain[0])
      if (facts) return [judge(facts, registration, world)]
      return [
        found('DOCTOR_GATEWAY_TLS_FAILED', `${address} showed no certificate that can be read`),
      ]
    } catch (error) {
      const message = `no TLS with ${address}: ${errorCode(error)}: ${errorText(error)}`
      const shell = `openssl s_client -tls1_3 -connect ${shellWord(address)} -servername ${shellWord(name)} </dev/null`
      const mends = [{ text: 'See who answers there.', shell }]
      return [found('DOCTOR_GATEWAY_TLS_FAILED', message, { mends })]
    }
  },
}

function judge(
  facts: CertificateFacts,
  { address, serverName, ca }: RegistrationFacts,
  world: TunnelWorld,
): Finding {
  const authority = new X509Certificate(ca)
  const { certificate, issuer, alternativeNames } = facts
  if (!certificate.verify(authority.publicKey)) {
    const message = `${address} shows a certificate that was issued by “${issuer}”, not by the gateway’s CA that registration told`
    const text =
      'Except this address from TLS inspection; if the gateway was set up anew, register again.'
    const mends = [{ text }, registerMend(world.stateDirectory, 'anew')]
    return found('DOCTOR_GATEWAY_INTERCEPTED', message, { mends })
  }
  if (!isFor(facts, serverName)) {
    const message = `the gateway’s certificate is for ${alternativeNames}, not for ${serverName}`
    const mends = [
      {
        text: 'Name it in gateway.yaml, or register again.',
        setting: `tunnel: { name: ${serverName} }   # gateway.yaml`,
      },
    ]
    return found('DOCTOR_GATEWAY_NAME', message, { mends })
  }
  const ends = new Date(facts.notAfterMs).toISOString()
  if (isOutOfTime(facts, world.nowMs)) {
    const message = `the gateway’s certificate ended or begins later (it ends ${ends}), by this host’s clock`
    return found('DOCTOR_GATEWAY_EXPIRED', message)
  }
  return found(
    'DOCTOR_GATEWAY_TLS',
    `${address} shows its certificate for ${serverName}, valid until ${ends}`,
  )
}
