/**
 * Sign-in with Kerberos for browsers inside: the gateway relays a Negotiate token, this connector says whose it is.
 *
 * Our own acceptor opens the ticket with the connector account's keys and verifies all of it, the PAC's signature included; where
 * the host's GSS-API library is at hand too, both must agree. Then policy and directory decide as for a ticket by S4U2Self. What
 * the gateway gets is an assertion: a handle on the ticket, which stays here.
 *
 * @module
 */

import {
  Acceptor,
  AcceptError,
  formatPrincipal,
  KrbErrorCode,
  ReplayCache,
  type Accepted,
} from '../kerberos/index.ts'
import { sameName, type Clock, type Random } from '../platform/index.ts'
import { MAX_PROOF_LENGTH, type AppSettings } from '../tunnel/index.ts'
import { AcceptedSignIns, type AcceptedSignIn, type SignInFacts } from './accepted-sign-ins.ts'
import { AssertionKey, unknownAssertion, type AssertionClaims } from './assertion.ts'
import { SsoError } from './errors.ts'
import { groupNamesOf, loginNameOf } from './front-end-names.ts'
import type { FrontEndKerberosRow } from './front-end-policy.ts'
import type { Identity, IdentityFinder } from './identity.ts'
import type { SsoLimits } from './limits.ts'
import { routeApp, type IssuerPolicy, type Policy } from './policy.ts'
import type { KerberosPort, Proof, SignInAnswer, SignInRequest, TokenJudge } from './ports.ts'
import { refuseProtectedUser } from './privileged.ts'
import type { Verdict } from './proof.ts'

/** What it works through. */
export interface FrontEndPorts {
  readonly policy: Policy
  readonly kerberos: KerberosPort
  readonly identities: IdentityFinder
  readonly judge: TokenJudge | undefined
  readonly clock: Clock
  readonly random: Random
}

/** Who "issues" the assertions; in claims and messages. */
const ISSUER = 'urn:sallyport:front-end-kerberos'
const ID_OCTETS = 18
/** Of a client's text that is repeated in a message. */
const MAX_NAME = 200

/** Refusals that nobody brings about by having no ticket. */
const HOSTILE = new Set(['ERR_KRB_REPLAY', 'ERR_KRB_CHANNEL_BINDING', 'ERR_KRB_INTEGRITY'])

/** No key of ours opens the ticket. */
const FOREIGN_KEY: ReadonlySet<number> = new Set([
  KrbErrorCode.KRB_AP_ERR_MODIFIED,
  KrbErrorCode.KRB_AP_ERR_BADKEYVER,
])

function denied(reason: string, mend: string): SsoError {
  return new SsoError('ERR_SSO_POLICY_DENIED', reason, { mend })
}

/** The ticket is the KDC's for whoever holds the SPN: where that is not us, the directory has to be mended. */
function foreignKey(service: string, own: string, cause: unknown): SsoError {
  const [account = own] = own.split('@')
  return new SsoError(
    'ERR_SSO_NEGOTIATE_UNFIT',
    `the ticket for ${service} is not under a key of ${own}: another account holds that name, or the keytab is old`,
    {
      cause,
      mend: `Register the name on the connector's account and nowhere else: setspn -S ${service} ${account}, on Samba samba-tool spn add ${service} '${account}'; then log off and on, so that browsers get a new ticket.`,
    },
  )
}

function sidOf({ pac }: Accepted): string {
  const sid = pac?.logonInfo?.userSid
  if (sid === undefined) throw unfit('the ticket names no SID')
  return sid
}

function unfit(reason: string, cause?: unknown): SsoError {
  return new SsoError('ERR_SSO_NEGOTIATE_UNFIT', reason, { cause })
}

/** Without some of them the gateway and the backends would take the user for another. */
function tooManyGroups(count: number): SsoError {
  return new SsoError(
    'ERR_SSO_NEGOTIATE_UNFIT',
    `the names of the user's ${count} groups do not fit into an assertion of ${MAX_PROOF_LENGTH} characters`,
    { mend: 'Take the user out of groups, or let the user sign in at the OpenID provider.' },
  )
}

function foreignSid(clientRealm: string, realm: string): SsoError {
  return new SsoError(
    'ERR_SSO_NEGOTIATE_REFUSED',
    `the ticket is of a user of ${clientRealm}, and its PAC names an account of ${realm}`,
    {
      mend: `Look at the domain ${clientRealm}: it says that its user is one of ${realm}. See that SIDs are filtered on the trust (netdom trust /quarantine, /enablesidhistory:no).`,
    },
  )
}

/**
 * The name on a ticket stands outside its cipher: who has a ticket for one of our names can write another over it. Windows' clients
 * say within the token which one they meant (MS-KILE, AD-TARGET-PRINCIPAL); a port may stand behind it.
 */
function checkTarget({ targetName }: Accepted, service: string): void {
  const [meant = ''] = targetName?.split('@') ?? [service]
  if (sameName(meant.replace(/:\d+$/, ''), service)) return
  throw new SsoError(
    'ERR_SSO_NEGOTIATE_REFUSED',
    `the browser made the token for ${meant.slice(0, MAX_NAME)}, and it was sent to ${service}`,
  )
}

/** What browsers ask their tickets for. */
function serviceOf({ externalUrl }: AppSettings): string {
  return `HTTP/${URL.parse(externalUrl)?.hostname ?? ''}`
}

/** Signs users in by their own tickets. */
export class FrontEnd {
  readonly signIns: AcceptedSignIns
  readonly #ports: FrontEndPorts
  readonly #row: FrontEndKerberosRow
  readonly #issuer: IssuerPolicy
  readonly #acceptor: Acceptor
  readonly #key: AssertionKey

  constructor(row: FrontEndKerberosRow, ports: FrontEndPorts, limits: SsoLimits) {
    const { kerberos, random } = ports
    this.#ports = ports
    this.#row = row
    this.#issuer = issuerOf(row)
    this.#key = new AssertionKey(random)
    this.signIns = new AcceptedSignIns(limits)
    const clock = kerberos.tokenClock?.() ?? ports.clock
    const options = {
      keys: () => kerberos.serviceKeys?.() ?? [],
      services: row.services,
      requirePac: true,
      trustedRealms: row.realms,
      // The host's library keeps a replay cache in a file; alone we know of no earlier run.
      replayCache: new ReplayCache(clock, { refuseEarlier: ports.judge === undefined }),
    }
    this.#acceptor = new Acceptor(options, { clock, random })
  }

  /**
   * Says whose token it is.
   *
   * @param request - The token, and the app that is wanted.
   * @returns The assertion, and what goes back to the browser.
   * @throws SsoError ERR_SSO_NEGOTIATE_UNFIT for a token that proves nothing here, ERR_SSO_NEGOTIATE_REFUSED for one that was made
   *   up, changed or sent twice; what policy, directory and account refuse as ever.
   */
  async accept(request: SignInRequest): Promise<SignInAnswer> {
    const { app, beside = [], token } = request
    this.#checkApp(app)
    const accepted = this.#verify(request)
    const judged = await this.#ports.judge?.(token)
    this.#checkJudged(accepted, judged?.client)
    const identity = await this.#identityOf(accepted)
    this.#clear(app, identity, accepted)
    const assertion = this.#issue([app, ...beside], identity, accepted)
    return { assertion, reply: judged?.reply ?? accepted.replyToken, user: identity.account }
  }

  #checkApp(app: AppSettings): void {
    if (app.preAuthentication !== 'oidc') {
      throw denied(`app ${app.id} has no sign-in`, 'Set preAuthentication: oidc at the gateway.')
    }
    const service = serviceOf(app)
    if (this.#row.services.some((each) => sameName(each, service))) return
    throw denied(
      `frontEndKerberos of the connector's policy does not list ${service}`,
      `Add ${service} to services of frontEndKerberos, if users may sign in to it with Kerberos.`,
    )
  }

  #verify({ app, token, channelBinding }: SignInRequest): Accepted {
    const requireChannelBinding = this.#row.channelBinding === 'required'
    const service = serviceOf(app)
    try {
      const accepted = this.#acceptor.accept(token, { channelBinding, requireChannelBinding })
      const named = accepted.server.nameString.join('/')
      if (!sameName(named, service)) {
        throw unfit(`a ticket for ${named}, and the app is ${service}`)
      }
      checkTarget(accepted, service)
      return accepted
    } catch (error) {
      throw this.#translate(error, service)
    }
  }

  #translate(error: unknown, service: string): unknown {
    if (!(error instanceof AcceptError)) return error
    const { code, krbErrorCode, message, mend } = error
    // Not our key is the directory's fault; a token that our key opens and that is wrong all the same is somebody's.
    if (FOREIGN_KEY.has(krbErrorCode)) {
      return foreignKey(service, this.#ports.kerberos.name, error)
    }
    return new SsoError(
      HOSTILE.has(code) ? 'ERR_SSO_NEGOTIATE_REFUSED' : 'ERR_SSO_NEGOTIATE_UNFIT',
      `the browser's token is refused: ${code}: ${message}`,
      { cause: error, mend },
    )
  }

  /** Two acceptors that share no code: where they differ, nobody is signed in. */
  #checkJudged({ client, clientRealm }: Accepted, judged: string | undefined): void {
    if (judged === undefined) return
    const own = formatPrincipal(client, clientRealm)
    if (judged === own) return
    throw new SsoError(
      'ERR_SSO_NEGOTIATE_REFUSED',
      `the host's library says that the token is ${judged}'s, and ours ${own}'s`,
    )
  }

  async #identityOf(accepted: Accepted): Promise<Identity> {
    const { realms } = this.#row
    const { clientRealm } = accepted
    if (!realms.some((realm) => sameName(realm, clientRealm))) {
      throw denied(
        `users of ${clientRealm} may not sign in with Kerberos here`,
        'Add the realm to realms of frontEndKerberos, if that is what you want.',
      )
    }
    const value = sidOf(accepted).toUpperCase()
    const key = { by: 'sid', value, realms: [clientRealm] } as const
    const { identities } = this.#ports
    const identity = identities.known(key) ?? (await identities.find(key))
    const { sid, realm } = identity.account
    if (sid !== sidOf(accepted)) throw unfit('the directory has another account than the ticket')
    // A trusted domain whose SIDs nobody filters could put another's into the PACs of its users.
    if (!sameName(realm, clientRealm)) throw foreignSid(clientRealm, realm)
    return identity
  }

  #clear(app: AppSettings, { account }: Identity, { pac }: Accepted): void {
    const { backend } = routeApp(this.#ports.policy, app)
    const groupSids = pac?.logonInfo?.groupSids ?? []
    refuseProtectedUser(account, groupSids)
    backend.mayImpersonate({ account, groupSids })
  }

  #issue(apps: SignInFacts['apps'], { account }: Identity, accepted: Accepted): string {
    const { clock, random } = this.#ports
    const now = clock.nowMs()
    const endMs = Math.min(accepted.endTimeMs, now + this.#row.maxAgeMinutes * 60_000)
    if (endMs <= now) throw unfit('the ticket has ended')
    const id = Buffer.from(random.bytes(ID_OCTETS)).toString('base64url')
    const { sid, sAMAccountName, realm } = account
    const { name } = this.#ports.kerberos
    const ownRealm = name.slice(name.lastIndexOf('@') + 1)
    const groups = groupNamesOf(account, ownRealm)
    const assertion = this.#key.sign({
      ...{ iss: ISSUER, sub: sid, jti: id, app: apps[0].id },
      iat: Math.floor(now / 1000),
      auth_time: Math.floor(accepted.authTimeMs / 1000),
      exp: Math.floor(endMs / 1000),
      upn: loginNameOf(account, ownRealm),
      ...{ account: sAMAccountName, realm, groups },
    })
    if (assertion.length > MAX_PROOF_LENGTH) throw tooManyGroups(groups.length)
    this.signIns.add({
      ...{ id, user: sid, apps, endMs },
      ticket: new Uint8Array(accepted.ticket),
      signedInMs: now,
    })
    return assertion
  }

  /**
   * Checks an assertion that a request was sent with.
   *
   * @param proof - From the gateway.
   * @returns The verdict.
   * @throws SsoError ERR_SSO_ASSERTION_UNKNOWN, ERR_SSO_ASSERTION_INVALID or ERR_SSO_PROOF_EXPIRED.
   */
  verdictOn(proof: Proof): Verdict {
    const claims = this.#key.open(proof.idToken)
    if (this.#ports.clock.nowMs() >= claims.exp * 1000) {
      throw new SsoError('ERR_SSO_PROOF_EXPIRED', 'the sign-in with Kerberos has ended', {
        mend: 'Open the application again: the browser signs in by itself.',
      })
    }
    const accepted = this.signIns.get(claims.jti)
    if (accepted === undefined) throw unknownAssertion()
    return this.#verdict(proof, claims, accepted)
  }

  #verdict(proof: Proof, claims: AssertionClaims, accepted: AcceptedSignIn): Verdict {
    return {
      ...{ proofId: proof.id, idToken: proof.idToken, issuer: this.#issuer, accepted },
      subject: claims.sub,
      claims: { ...claims, groups: [...claims.groups] },
      signedInMs: accepted.facts.signedInMs,
      users: new Set(),
      validUntilMs: claims.exp * 1000,
    }
  }
}

/** Assertions are judged where ID tokens are; what a row says of an issuer, the policy says of them. */
function issuerOf({ realms, maxAgeMinutes }: FrontEndKerberosRow): IssuerPolicy {
  return {
    ...{ issuer: ISSUER, audience: ISSUER, loginClaim: 'upn' },
    ...{ loginIdentities: [], loginAttributes: [], upnSuffixes: [] },
    ...{ realms, maxAgeMinutes, algorithms: [] },
    keys: { from: 'file', json: '{"keys":[]}', path: '' },
  }
}
