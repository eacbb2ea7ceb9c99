/**
 * A Kerberos client that can act for users: drives exchanges over ports and keeps our own tickets.
 *
 * Tickets of users are handed out and not kept: whoever holds them decides how long.
 *
 * @module
 */

import { needObject, needOctets, needText, type Clock, type Random } from '../platform/index.ts'
import type { KeytabEntry } from './files/index.ts'
import { Initiator } from './gss/index.ts'
import {
  resolveClientSettings,
  type ClientSettings,
  type KerberosClientOptions,
} from './client-options.ts'
import { Realms, type FromTgt } from './client-realms.ts'
import { ClockSkews } from './client-skew.ts'
import { EvidenceOrigins } from './client-evidence.ts'
import { OwnIdentity } from './client-identity.ts'
import { inRealmOf } from './client-user-realm.ts'
import { OwnTickets } from './client-own-tickets.ts'
import { identityPorts } from './client-tgt-fetch.ts'
import { TgtKeeper } from './client-tgt.ts'
import {
  checkForwardable,
  diagnoseExchange,
  evidenceFromTicket,
  s4u2proxyExchange,
  s4u2selfExchange,
  serviceTicketExchange,
  userRealmExchange,
  type ClientIdentity,
  type DelegationFinding,
  type Evidence,
  type ImpersonatedUser,
  type S4uUser,
  type ServiceTicket,
} from './exchange/index.ts'
import { formatPrincipal, parsePrincipal, type PrincipalName } from './messages/index.ts'

const EVIDENCE = 'what impersonate() or evidenceFrom() gave'

/** A client of one realm, with one identity. */
export class KerberosClient {
  /** Our principal in text form, for instance `CONN1$@CORP.EXAMPLE`. */
  readonly name: string
  readonly #identity: ClientIdentity
  readonly #own: OwnIdentity
  readonly #origins: EvidenceOrigins
  readonly #settings: ClientSettings
  readonly #skews: ClockSkews
  readonly #realms: Realms
  readonly #random: Random
  readonly #realmOfHost: KerberosClientOptions['realmOfHost']
  readonly #ownTickets: OwnTickets

  /**
   * Nothing is sent before the first ticket is asked for.
   *
   * @param options - Identity, ports and settings.
   * @throws KerberosError ERR_KRB_NO_KEY when the keytab has no key of the principal; RangeError for bad settings; TypeError
   *   for what is missing or no port.
   */
  constructor(options: KerberosClientOptions) {
    this.#settings = resolveClientSettings(options)
    this.#identity = options.identity
    this.#own = new OwnIdentity(options.identity, options.logger)
    this.name = formatPrincipal(options.identity.principal, options.identity.realm)
    const { clock: ownClock, random, logger } = options
    this.#random = random
    const skews = new ClockSkews({ clock: ownClock, logger }, this.#settings)
    this.#skews = skews
    const { capaths } = options
    const ports = { clock: ownClock, clocks: skews, random, capaths, ...this.#settings }
    // The times in tickets are the KDC's.
    const clock = skews.of(options.identity.realm)
    this.#ownTickets = new OwnTickets(this.#settings.maxOwnTickets, clock)
    const { armor, transport } = options
    const access = { own: this.#own, ports, transport, armor, logger }
    const home = { clock, logger, ...identityPorts(access) }
    this.#realms = new Realms({
      home: new TgtKeeper(this.#settings, home),
      others: new OwnTickets(this.#settings.maxOwnTickets, clock),
      transport,
      ports,
    })
    this.#realmOfHost = options.realmOfHost
    this.#origins = new EvidenceOrigins((user, signal) => this.#getEvidence(user, signal))
  }

  /** The time of our realm's KDC less ours, milliseconds, as its last protected reply told it; undefined before that. */
  get clockSkewMs(): number | undefined {
    return this.#skews.measured(this.#identity.realm)
  }

  /**
   * Which of our keys are in use: another number whenever they have changed. The highest version of a keytab's keys; for a
   * password, which has none, how often it was changed.
   */
  get keyVersion(): number {
    return this.#own.version
  }

  /**
   * Our long-term keys as an Acceptor wants them: they open the tickets for every service principal name that our account
   * holds. Those of a password have version 0.
   *
   * @returns The present keys; none where we are a ticket alone.
   */
  serviceKeys(): readonly KeytabEntry[] {
    return this.#own.entries
  }

  /**
   * The clock to make tokens with: ours, moved to the KDC's time where the KDC refused ours and its protected replies
   * proved another. Hosts of a domain, and so the acceptors of tokens, take their time from its KDCs.
   *
   * @param realm - The service's realm. Default our own.
   * @returns One object for good, as an Initiator wants it.
   */
  tokenClock(realm: string = this.#identity.realm): Clock {
    return this.#skews.tokenClock(realm)
  }

  /**
   * What makes tokens of a ticket, at the time of its service's realm (tokenClock). One for the life of the ticket.
   *
   * @param ticket - From `ownTicket` or `delegate`.
   * @returns It makes as many tokens as are wanted, each for one use.
   * @throws KerberosError ERR_KRB_ETYPE for a session key of a type that is not spoken.
   */
  initiator(ticket: ServiceTicket): Initiator {
    needObject('ticket', ticket, 'what ownTicket() or delegate() gave')
    const clock = this.tokenClock(ticket.serverRealm)
    return new Initiator(ticket, { clock, random: this.#random })
  }

  /**
   * Our ticket-granting ticket; kept, and replaced ahead of its end.
   *
   * @param signal - Gives up.
   * @returns The ticket.
   * @throws KerberosError as the KDC refuses or cannot be reached.
   */
  ticketGrantingTicket(signal?: AbortSignal): Promise<ServiceTicket> {
    return this.#realms.home(signal)
  }

  /**
   * The same, under the name that another client's option `armor` (FAST) wants.
   *
   * @param signal - Gives up.
   * @returns The ticket.
   * @throws KerberosError as the KDC refuses or cannot be reached.
   */
  armorTicket(signal?: AbortSignal): Promise<ServiceTicket> {
    return this.ticketGrantingTicket(signal)
  }

  /**
   * A ticket for ourselves; kept until shortly before its end.
   *
   * @param spn - The service, for instance `ldap/dc1.corp.example`; with `@REALM` when it is known to be another realm's.
   * @param signal - Gives up.
   * @returns The ticket.
   * @throws KerberosError as the KDC refuses or cannot be reached.
   */
  async ownTicket(spn: string, signal?: AbortSignal): Promise<ServiceTicket> {
    const { sname, realm } = this.#service(spn)
    const start: FromTgt<ServiceTicket> = function* (tgt, ports) {
      return (yield* serviceTicketExchange(tgt, sname, ports)).ticket
    }
    const fetch = (ended: AbortSignal): Promise<ServiceTicket> =>
      this.#realms.run(realm, start, ended)
    return this.#ownTickets.get(formatPrincipal(sname, realm), fetch, signal)
  }

  /**
   * A ticket to ourselves in a user's name (S4U2Self), opened and checked.
   *
   * @param user - Whom to act for.
   * @param signal - Gives up.
   * @returns The evidence for `delegate`.
   * @throws KerberosError ERR_KRB_REPLY_MISMATCH when the ticket is not this user's, or as the KDC refuses.
   */
  async impersonate(user: ImpersonatedUser, signal?: AbortSignal): Promise<Evidence> {
    needObject('user', user, 'an object: { name }')
    const asked = { ...user, realm: user.realm ?? this.#identity.realm }
    needText('user.name', asked.name)
    needText('user.realm', asked.realm)
    if (user.sid === undefined && this.#settings.requireSid) throw withoutSid()
    this.#own.checkHasKeys()
    return this.#origins.get(asked, signal)
  }

  /** S4U2Self in the user's realm, wherever that is. */
  #getEvidence(user: S4uUser, signal?: AbortSignal): Promise<Evidence> {
    const impersonateIn = (realm: string): Promise<Evidence> => {
      const start: FromTgt<Evidence> = (tgt, ports) =>
        s4u2selfExchange({ tgt, user: { ...user, realm }, keys: this.#own }, ports)
      return this.#own.withPresentKeys(() => this.#realms.run(realm, start, signal))
    }
    return inRealmOf(user, impersonateIn, {
      canonicalize: this.#settings.canonicalize,
      findRealm: () =>
        this.#realms.runWithout((ports) => userRealmExchange(user.name, user.realm, ports), signal),
    })
  }

  /**
   * Takes a ticket that a user presented to us, in an AP-REQ, for evidence. No KDC is asked.
   *
   * @param ticket - DER of the Ticket: what an Acceptor gives, once it has accepted the user.
   * @param sid - The user's SID as the directory has it: the ticket must be of this very account.
   * @returns The evidence for `delegate`.
   * @throws KerberosError as evidenceFromTicket does; TypeError where this client wants a SID and none is given.
   */
  evidenceFrom(ticket: Uint8Array, sid?: string): Evidence {
    needOctets('ticket', ticket, 'DER of a Ticket: what an Acceptor gives')
    if (sid === undefined && this.#settings.requireSid) throw withoutSid()
    const { maxClockSkewMs } = this.#settings
    const clock = this.#skews.of(this.#identity.realm)
    return evidenceFromTicket(ticket, this.#own, { clock, maxClockSkewMs, sid })
  }

  /**
   * A ticket to a service in a user's name (S4U2Proxy).
   *
   * @param evidence - From `impersonate` or `evidenceFrom`.
   * @param spn - The service, for instance `HTTP/iwa.corp.example`. Whose it is our own KDC says, even where a realm is named.
   * @param signal - Gives up.
   * @returns The ticket.
   * @throws KerberosError ERR_KRB_NOT_FORWARDABLE, ERR_KRB_DELEGATION_REFUSED, ERR_KRB_SPN_UNKNOWN and others.
   */
  async delegate(evidence: Evidence, spn: string, signal?: AbortSignal): Promise<ServiceTicket> {
    needObject('evidence', evidence, EVIDENCE)
    const { sname } = this.#service(spn)
    const delegateWith = (present: Evidence): Promise<ServiceTicket> => {
      const start: FromTgt<ServiceTicket> = (tgt, ports) => {
        checkForwardable(tgt)
        return s4u2proxyExchange({ tgt, evidence: present, sname }, ports)
      }
      return this.#realms.run(undefined, start, signal)
    }
    return this.#origins.use(evidence, delegateWith, signal)
  }

  /**
   * Finds out why `delegate` is refused: repeats it without the RBCD bit, because only then a KDC tells an empty delegation
   * list from one without the service. One request; no ticket comes of it.
   *
   * @param evidence - The evidence that was refused.
   * @param spn - The service.
   * @param signal - Gives up.
   * @returns What it means and what to do, with the commands for PowerShell and samba-tool.
   * @throws KerberosError when no answer can be had.
   */
  async diagnose(
    evidence: Evidence,
    spn: string,
    signal?: AbortSignal,
  ): Promise<DelegationFinding> {
    needObject('evidence', evidence, EVIDENCE)
    const { sname } = this.#service(spn)
    const connector = this.#identity.principal.nameString.join('/')
    const start: FromTgt<DelegationFinding> = (tgt, ports) =>
      diagnoseExchange({ tgt, evidence, sname, connector }, ports)
    return this.#realms.run(undefined, start, signal)
  }

  /** The name, and the realm to begin at: the one that is written, else the host's, else none: ours. */
  #service(spn: string): { readonly sname: PrincipalName; readonly realm: string | undefined } {
    const { principal: sname, realm } = parsePrincipal(spn)
    const [, host] = sname.nameString
    const mapped = host === undefined ? undefined : this.#realmOfHost?.(host)
    return { sname, realm: realm ?? mapped }
  }
}

function withoutSid(): TypeError {
  return new TypeError('this client acts only for users whose SID is given')
}
