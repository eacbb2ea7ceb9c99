/**
 * The stages of the pipeline, in order. Each is a function of the call and of what comes next.
 *
 * While everything is cached a stage calls `next` at once, without a promise: this is the way of nearly every request.
 * A stage refuses by throwing, or by a rejected promise.
 *
 * @module
 */

import { admitAccount } from './account-admission.ts'
import type { Call } from './call.ts'
import { SsoError } from './errors.ts'
import type { Identity, IdentityFinder } from './identity.ts'
import { loginFrom } from './login.ts'
import { checkPath } from './backend-rows.ts'
import type { HeaderSignOnPorts } from './header-sign-on/sign-on.ts'
import { checkUpgrade, routeApp, type Policy, type Route } from './policy.ts'
import { namingOwnAccount } from './own-account.ts'
import type { ProofVerifier, Verdict } from './proof.ts'
import type { SsoRequest } from './ports.ts'
import { checkStrength } from './sign-in-strength.ts'
import type { TicketKeeper } from './tickets.ts'

/** Goes on with a call. */
export type Next = (call: Call) => void
/** One stage. */
export type Stage = (call: Call, next: Next) => void

/**
 * Makes one function of a list of stages.
 *
 * @param stages - In order; the last one calls no next.
 * @returns Runs a call through them; what a stage throws fails the call.
 */
export function compose(stages: readonly Stage[]): Next {
  const end: Next = () => undefined
  const chain = stages.reduceRight<Next>(
    (next, stage) => (call) => {
      stage(call, next)
    },
    end,
  )
  return (call) => {
    guarded(call, chain)
  }
}

function guarded(call: Call, next: Next): void {
  if (call.over) return
  try {
    next(call)
  } catch (error) {
    call.fail(error)
  }
}

/** Waits for what was not cached, then goes on. */
function after<T>(call: Call, promise: Promise<T>, next: (value: T) => void): void {
  promise.then(
    (value) => {
      guarded(call, () => {
        next(value)
      })
    },
    (error: unknown) => {
      call.fail(namingOwnAccount(error))
    },
  )
}

function checkShape(request: SsoRequest): void {
  const { method, target } = request
  if (method === 'CONNECT' || method === 'TRACE') {
    throw new SsoError('ERR_BACKEND_PROTOCOL', `the method ${method} is not published`)
  }
  if (!target.startsWith('/')) {
    throw new SsoError('ERR_BACKEND_PROTOCOL', 'the request target is not a path')
  }
}

/**
 * Stage 1: who says so? An ID token that the connector's own policy accepts, unless the app is passthrough.
 *
 * @param proofs - Checks and remembers.
 * @returns The stage.
 */
export function proofStage(proofs: ProofVerifier): Stage {
  return (call, next) => {
    const { app, proof } = call.request
    checkShape(call.request)
    if (app.preAuthentication === 'passthrough') {
      next(call)
      return
    }
    if (proof === undefined) {
      throw new SsoError(
        'ERR_SSO_PROOF_MISSING',
        `app ${app.id} wants a sign-in and the request has no proof of one`,
      )
    }
    const go = (verdict: Verdict): void => {
      verdict.accepted?.checkApp(app)
      call.verdict = verdict
      next(call)
    }
    const known = proofs.known(proof)
    if (known !== undefined) go(known)
    else after(call, proofs.verify(proof), go)
  }
}

/**
 * Stage 2: may this app's requests go there at all?
 *
 * @param policy - The connector's own.
 * @param time - The time, clock tolerance subtracted, milliseconds.
 * @returns The stage.
 */
export function policyStage(policy: Policy, time: () => number): Stage {
  const routes = new WeakMap<SsoRequest['app'], Route>()
  return (call, next) => {
    const { app } = call.request
    let route = routes.get(app)
    if (route === undefined) {
      route = routeApp(policy, app)
      routes.set(app, route)
    }
    checkPath(route.backend, call.request.target)
    const upgrade = call.request.hop?.upgrade
    if (upgrade !== undefined) checkUpgrade(route, upgrade)
    call.route = route
    const { backend } = route
    if (backend.wantsStrength && call.verdict !== undefined) {
      checkStrength(backend.row, call.verdict, time())
    }
    next(call)
  }
}

/**
 * Stage 3: which account is it, and may it be acted for?
 *
 * @param finder - Finds accounts; undefined without a directory.
 * @returns The stage; where no account is needed, calls pass through.
 */
export function identityStage(finder: IdentityFinder | undefined): Stage {
  return (call, next) => {
    const { route, verdict } = call
    if (route === undefined || !wantsAccount(route, verdict)) {
      next(call)
      return
    }
    if (finder === undefined) throw kerberosAbsent()
    if (verdict === undefined)
      throw new SsoError('ERR_SSO_PROOF_MISSING', 'no ticket without a proof')
    const login = loginFrom(verdict, route.app.delegatedLoginIdentity)
    const { key } = login
    const go = (identity: Identity): void => {
      admitAccount(identity, route, { verdict, login })
      call.identity = identity
      verdict.users.add(identity.user)
      next(call)
    }
    const known = finder.known(key)
    if (known !== undefined) go(known)
    else after(call, finder.find(key), go)
  }
}

/** Nobody refreshes a sign-in with Kerberos: that the account still stands, the directory alone can say. */
function wantsAccount(route: Route, verdict: Verdict | undefined): boolean {
  return route.wantsAccount || verdict?.accepted !== undefined
}

function kerberosAbsent(): SsoError {
  return new SsoError(
    'ERR_SSO_KERBEROS_ABSENT',
    'this connector has no Kerberos identity or no directory',
    {
      mend: 'Fill in kerberos and directory in connector.yaml.',
    },
  )
}

/**
 * Stage 4: a ticket for this user and this SPN.
 *
 * @param keeper - Gets and keeps tickets; undefined without Kerberos.
 * @returns The stage; apps without Kerberos pass through.
 */
export function ticketStage(keeper: TicketKeeper | undefined): Stage {
  return (call, next) => {
    const { identity, route, verdict } = call
    const spn = route?.servicePrincipalName
    if (route === undefined || spn === undefined) {
      next(call)
      return
    }
    if (keeper === undefined) throw kerberosAbsent()
    if (identity === undefined || verdict === undefined) {
      throw new SsoError('ERR_SSO_PROOF_MISSING', 'no ticket without a proof')
    }
    const { signedInMs, accepted } = verdict
    const wish = { identity, backend: route.backend, spn, signedInMs, accepted }
    call.wish = wish
    call.ticket = keeper.known(wish)
    if (call.ticket !== undefined) {
      next(call)
      return
    }
    after(call, keeper.obtain(wish), (ticket) => {
      call.ticket = ticket
      next(call)
    })
  }
}

/**
 * What the backend is told of the user in header fields.
 *
 * @param ports - Time and chance.
 * @returns The stage; apps without header-based single sign-on pass through.
 */
export function headerStage(ports: HeaderSignOnPorts): Stage {
  return (call, next) => {
    const { route, verdict, identity } = call
    const signOn = route?.headerSignOn
    if (signOn === undefined) {
      next(call)
      return
    }
    if (verdict === undefined)
      throw new SsoError('ERR_SSO_PROOF_MISSING', 'nobody is named without a proof')
    call.signOnFields = signOn.known(verdict, identity, ports.clock.nowMs())
    if (call.signOnFields !== undefined) {
      next(call)
      return
    }
    after(call, signOn.make(verdict, identity, ports), (fields) => {
      call.signOnFields = fields
      next(call)
    })
  }
}
