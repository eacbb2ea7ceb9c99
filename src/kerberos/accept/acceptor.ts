/**
 * Accepts Kerberos tokens with a service's keytab: bare AP-REQ, Kerberos, SPNEGO (RFC 4120 section 3.2.3, RFC 4121, RFC 4178).
 *
 * Our own: for tests, for reading the ticket out of a relayed token, and where the optional package `kerberos` is not
 * installed. Its replay cache is in memory: unlike MIT's, no other process and no earlier run knows of it, so that a token that
 * one process of a service accepted can be sent once more to another. Where that matters, use the package.
 *
 * @module
 */

import { needArray, needObject, needOctets, type Clock, type Random } from '../../platform/index.ts'
import { KrbErrorCode } from '../iana/index.ts'
import { AcceptorContext, type AcceptorHome } from './acceptor-context.ts'
import { AcceptError, Refusal } from './refusal.ts'
import { ReplayCache } from './replay-cache.ts'
import { ServiceKeys } from './service-keys.ts'
import type { AcceptChannel, Accepted, AcceptorOptions } from './types.ts'

const DEFAULT_MAX_CLOCK_SKEW_MS = 300_000
const DEFAULT_MAX_TOKEN_OCTETS = 65_536

/** Accepts tokens for the services of a keytab. */
export class Acceptor {
  readonly #home: AcceptorHome

  /**
   * Throws ERR_KRB_PRINCIPAL for a service whose name cannot be parsed, RangeError for impossible limits, TypeError for what is
   * missing.
   */
  constructor(options: AcceptorOptions, ports: { readonly clock: Clock; readonly random: Random }) {
    checkArguments(options, ports)
    const { clock, random } = ports
    const { maxClockSkewMs = DEFAULT_MAX_CLOCK_SKEW_MS } = options
    const { maxTokenOctets = DEFAULT_MAX_TOKEN_OCTETS } = options
    if (!(maxClockSkewMs >= 0) || !(maxTokenOctets > 0)) {
      throw new RangeError('an acceptor needs maxClockSkewMs >= 0 and maxTokenOctets > 0')
    }
    const rules = {
      clock,
      maxClockSkewMs,
      keys: new ServiceKeys(options.keys, options.services),
      replayCache: options.replayCache ?? new ReplayCache(clock),
      requirePac: options.requirePac ?? false,
      trustedRealms: options.trustedRealms ?? [],
    }
    const requestMic = options.requestMic ?? false
    this.#home = { rules, clock, random, maxTokenOctets, requestMic }
  }

  /**
   * Begins an exchange of several tokens.
   *
   * @param channel - The channel that all of them come on.
   * @returns Takes the tokens one after the other.
   */
  begin(channel: AcceptChannel = {}): AcceptorContext {
    return new AcceptorContext(this.#home, channel)
  }

  /**
   * Accepts a client by one token.
   *
   * @param token - A SPNEGO offer whose first choice is Kerberos, a Kerberos token, or a bare AP-REQ.
   * @param channel - The channel it came on.
   * @returns Who it is, and what goes back to the client.
   * @throws AcceptError where it is not to be believed, or SPNEGO needs one more token: its `replyToken` goes to the client.
   */
  accept(token: Uint8Array, channel: AcceptChannel = {}): Accepted {
    needOctets('token', token, 'octets: what parseNegotiate() makes of a header')
    const step = this.begin(channel).step(token)
    if (step.done) return step.accepted
    const refusal = new Refusal(
      'ERR_KRB_GSS',
      'the client offers Kerberos, but a second token is needed to agree on it',
      { krb: KrbErrorCode.KRB_AP_ERR_MSG_TYPE },
    )
    throw new AcceptError(refusal, step.replyToken)
  }
}

function checkArguments(
  options: AcceptorOptions,
  ports: { readonly clock: Clock; readonly random: Random },
): void {
  needObject('options', options, 'an object: { keys }')
  const { keys, services } = options
  if (typeof keys !== 'function') {
    needArray('options.keys', keys, 'the entries of a keytab: what readKeytabFile() gave')
  }
  needArray('options.services', services ?? [], 'an array of service principal names')
  needObject('ports', ports, 'an object: { clock, random }')
  needObject('ports.clock', ports.clock, 'a Clock, for instance systemClock', ['nowMs'])
  needObject('ports.random', ports.random, 'a Random, for instance systemRandom', ['bytes'])
}
