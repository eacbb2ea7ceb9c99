/**
 * The pipeline, put together: the list of stages, the calls under way, and what ends them.
 *
 * @module
 */

import { errorCode, errorText, Roster, SecurityLog, type Timer } from '../platform/index.ts'
import type { CacheContents, DroppedFigures } from '../tunnel/index.ts'
import { isAboutUser, refusalOfAccount } from './account-admission.ts'
import { Call, type CallHome } from './call.ts'
import type { DeliveryCounts } from './delivery-ports.ts'
import { deliveryStage } from './delivery-stage.ts'
import { SsoError } from './errors.ts'
import { FrontEnd } from './front-end.ts'
import { IdentityFinder, type Identity, type RefusalListener } from './identity.ts'
import { LargeTokens } from './large-tokens.ts'
import { resolveSsoLimits, type SsoLimits } from './limits.ts'
import type {
  FlushFilter,
  PipelinePorts,
  Proof,
  ResponseSink,
  SignInAnswer,
  SignInRequest,
  SsoCall,
  SsoCounters,
  SsoPipeline,
  SsoRequest,
} from './ports.ts'
import { KeyWatch } from './key-watch.ts'
import { isNamed } from './named-user.ts'
import { overdue } from './overdue.ts'
import { ProofVerifier, type Verdict } from './proof.ts'
import { securityEventOf } from './security-events.ts'
import {
  compose,
  headerStage,
  identityStage,
  policyStage,
  proofStage,
  ticketStage,
  type Next,
} from './stages.ts'
import type { DropReason } from './ticket-counts.ts'
import { TicketKeeper } from './tickets.ts'
import { userFields } from './user-fields.ts'

class Pipeline implements SsoPipeline, CallHome {
  readonly #ports: PipelinePorts
  readonly #limits: SsoLimits
  readonly #proofs: ProofVerifier
  readonly #identities: IdentityFinder | undefined
  readonly #tickets: TicketKeeper | undefined
  readonly #frontEnd: FrontEnd | undefined
  readonly #keyWatch: KeyWatch
  readonly #largeTokens: LargeTokens
  readonly #run: Next
  readonly #security: NonNullable<PipelinePorts['security']>
  readonly #calls = new Roster<Call>()
  readonly #delivery: DeliveryCounts = {
    tokens: 0,
    mutualVerified: 0,
    mutualAbsent: 0,
    asked: 0,
    retried: 0,
  }
  /** Of the calls under way: those that have no end of their own. */
  #endless = 0
  #requests = 0
  #refused = 0
  #sweep: Timer | undefined
  #draining = false
  #closed = false

  constructor(ports: PipelinePorts) {
    const limits = resolveSsoLimits(ports.limits)
    const onRefused: RefusalListener = (user, refusal, kept) => {
      if (kept) this.#dropUser(user, 'refused')
      if (isAboutUser(refusal)) this.#endRefused(user)
    }
    const { backends, clock, directory, kerberos, logger, random } = ports
    this.#ports = ports
    this.#limits = limits
    this.#security = ports.security ?? new SecurityLog(ports)
    this.#proofs = new ProofVerifier(ports, limits)
    this.#identities = directory && new IdentityFinder({ directory, clock, onRefused }, limits)
    this.#tickets =
      kerberos && new TicketKeeper({ kerberos, clock, random, logger, onRefused }, limits)
    this.#frontEnd = this.#createFrontEnd()
    this.#proofs.assertions = this.#frontEnd
    this.#keyWatch = this.#createKeyWatch()
    this.#proofs.onVerified = () => {
      this.#keyWatch.start()
    }
    this.#largeTokens = new LargeTokens({ clock, logger }, limits)
    this.#run = compose([
      proofStage(this.#proofs),
      policyStage(ports.policy, () => this.#tolerantMs()),
      identityStage(this.#identities),
      ticketStage(this.#tickets),
      headerStage({ clock, random }),
      deliveryStage({
        backends,
        tickets: this.#tickets,
        logger,
        limits,
        counts: this.#delivery,
        largeTokens: this.#largeTokens,
      }),
    ])
  }

  #createFrontEnd(): FrontEnd | undefined {
    const { policy, kerberos, judge, clock, random } = this.#ports
    const identities = this.#identities
    if (policy.frontEnd === undefined || kerberos === undefined || !identities) return undefined
    const ports = { policy, kerberos, identities, judge, clock, random }
    return new FrontEnd(policy.frontEnd, ports, this.#limits)
  }

  #createKeyWatch(): KeyWatch {
    const { keys, clock, logger } = this.#ports
    const onWithdrawn = (verdicts: readonly Verdict[]): void => {
      this.#withdrawn(verdicts)
    }
    return new KeyWatch({ keys, proofs: this.#proofs, clock, logger, onWithdrawn }, this.#limits)
  }

  get logger(): PipelinePorts['logger'] {
    return this.#ports.logger
  }

  get counters(): SsoCounters {
    return {
      requests: this.#requests,
      refused: this.#refused,
      securityEvents: this.#security.count,
      proofsVerified: this.#proofs.verified,
      impersonations: this.#tickets?.counts.impersonations ?? 0,
      delegations: this.#tickets?.counts.delegations ?? 0,
      ...this.#delivery,
      accounts: this.#identities?.counters,
      tickets: this.#tickets?.counters,
      tokenSizes: this.#largeTokens.sizes,
    }
  }

  handle(request: SsoRequest, sink: ResponseSink): SsoCall {
    const call = new Call(request, sink, this)
    this.#requests++
    this.#calls.add(call)
    if (this.#closed) call.fail(closed())
    else this.#run(call)
    this.#startSweep()
    return call
  }

  onOver(call: Call): void {
    this.#calls.delete(call)
    if (call.endless) this.#endless--
    else this.#endEndless()
  }

  onEndless(): void {
    this.#endless++
    this.#endEndless()
  }

  drain(): void {
    this.#draining = true
    this.#endEndless()
  }

  /** What has no end of its own is waited for as long as for the rest, and no longer. */
  #endEndless(): void {
    if (!this.#draining || this.#calls.size > this.#endless) return
    for (const call of this.#calls.list()) call.fail(closed())
  }

  onRefused(call: Call, error: unknown): void {
    this.#refused++
    const code = errorCode(error)
    const what = securityEventOf(code)
    if (what === undefined) return
    const { app, requestId } = call.request
    const subject = call.verdict?.subject
    const user = userFields(call.identity?.account)
    const fields = { requestId, app: app.id, ...user, subject, reason: errorText(error) }
    this.#security.report({ code, what, fields })
  }

  /** A KDC or the directory said no to a user that was in use, or the sign-in ended: nothing of theirs lasts. */
  #dropUser(user: string, reason: DropReason): void {
    this.#identities?.dropUser(user)
    this.#tickets?.dropUser(user, reason)
    if (reason === 'refused') this.#frontEnd?.signIns.dropUser(user)
    this.#ports.backends.retire(user)
  }

  async signIn(request: SignInRequest): Promise<SignInAnswer> {
    if (this.#closed) throw closed()
    if (this.#frontEnd === undefined) {
      throw new SsoError('ERR_SSO_POLICY_DENIED', 'nobody may sign in with Kerberos here', {
        mend: "Add frontEndKerberos to the connector's policy, if that is what you want.",
      })
    }
    try {
      return await this.#frontEnd.accept(request)
    } catch (error) {
      this.#signInRefused(request, error)
      throw error
    }
  }

  #signInRefused({ app }: SignInRequest, error: unknown): void {
    const code = errorCode(error)
    const what = securityEventOf(code)
    if (what === undefined) return
    this.#security.report({ code, what, fields: { app: app.id, reason: errorText(error) } })
  }

  appsChanged(isCurrent: (app: SsoRequest['app']) => boolean): void {
    this.#end((call) => call.endless && !isCurrent(call.request.app))
  }

  /** One that is at no backend is told the refusal itself; one that may end by itself is left to until the next sweep. */
  #endRefused(user: string): void {
    for (const call of this.#calls.list()) {
      if (call.backend !== undefined && call.identity?.user === user) call.refused = true
    }
    this.#end((call) => call.endless && call.refused)
  }

  #end(matches: (call: Call) => boolean): void {
    for (const call of this.#calls.list()) {
      if (!matches(call)) continue
      const what = 'the user or the app may not use the connection any more'
      call.fail(new SsoError('ERR_SSO_SESSION_ENDED', what))
    }
  }

  offer(proof: Proof): void {
    if (this.#closed || this.#calls.size === 0) return
    this.#proofs.verify(proof).catch((error: unknown) => {
      // The request that names it is told so, and is the event; a call under way just does not live longer for it.
      this.#ports.logger.debug('offered proof refused', { code: errorCode(error) })
    })
  }

  forget(proofIds: readonly string[]): void {
    const gone = new Set(proofIds)
    const users = new Set<string>()
    for (const id of gone) {
      for (const user of this.#proofs.forget(id)) users.add(user)
    }
    for (const call of this.#calls.list()) {
      if (call.request.proof === undefined || !gone.has(call.request.proof.id)) continue
      if (call.identity !== undefined) users.add(call.identity.user)
      call.fail(
        new SsoError('ERR_SSO_SESSION_ENDED', 'the session ended while the request was under way'),
      )
    }
    for (const user of users) this.#dropUser(user, 'ended')
  }

  /** An issuer has withdrawn the key of these sign-ins: nothing lasts that was got on them. */
  #withdrawn(verdicts: readonly Verdict[]): void {
    const users = new Set(verdicts.flatMap((verdict) => [...verdict.users]))
    this.#cutOverdue()
    for (const user of users) this.#dropUser(user, 'ended')
  }

  flush({ user, servicePrincipalName }: FlushFilter): DroppedFigures {
    const ofService = servicePrincipalName !== undefined
    const ofTickets = this.#tickets?.flush(byName(user), servicePrincipalName) ?? NO_TICKETS
    const ofAccounts = (ofService ? undefined : this.#identities?.flush(user)) ?? NO_ACCOUNTS
    if (user === undefined && !ofService) this.#ports.backends.retire(undefined)
    const { users, ...tickets } = ofTickets
    const { users: accounts, directoryRefusals } = ofAccounts
    for (const each of new Set([...users, ...accounts])) this.#ports.backends.retire(each)
    return { ...tickets, accounts: accounts.length, directoryRefusals }
  }

  inspect({ user, servicePrincipalName }: FlushFilter): CacheContents {
    const accounts = this.#identities?.inspect()
    return {
      ...(this.#tickets?.inspect(byName(user), servicePrincipalName) ?? { entries: [], more: 0 }),
      ...(accounts && { accounts }),
    }
  }

  /** Cuts long-running calls that have outlived their sign-in, unless the same user has signed in afresh meanwhile, or their account. */
  #startSweep(): void {
    if (this.#sweep !== undefined || this.#closed || this.#calls.size === 0) return
    this.#sweep = this.#ports.clock.setTimer(this.#limits.expirySweepMs, () => {
      this.#sweep = undefined
      this.#cutOverdue()
      this.#startSweep()
    })
  }

  #cutOverdue(): void {
    this.#end((call) => call.refused)
    const time = { nowMs: this.#ports.clock.nowMs(), tolerantMs: this.#tolerantMs() }
    for (const call of this.#calls.list()) {
      const error = overdue(call, this.#proofs, time)
      if (error !== undefined) {
        call.fail(error)
        if (call.identity !== undefined) this.#ports.backends.retire(call.identity.user)
      } else if (call.identity !== undefined) void this.#recheck(call)
    }
  }

  async #recheck(call: Call): Promise<void> {
    const { identity } = call
    if (this.#identities === undefined || identity === undefined) return
    const refusal = await refusalOfAccount(this.#identities, call)
    if (refusal === undefined) return
    call.fail(refusal)
    this.#dropUser(identity.user, 'refused')
  }

  #tolerantMs(): number {
    return this.#ports.clock.nowMs() - this.#limits.clockToleranceSeconds * 1000
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#sweep?.cancel()
    this.#keyWatch.close()
    for (const call of this.#calls.list()) call.fail(closed())
    this.#security.close()
    this.#identities?.close()
    this.#tickets?.close()
    await this.#ports.backends.close()
  }
}

/** Everybody where nobody is named. */
const NO_TICKETS = { users: [], tickets: 0, evidence: 0, kdcRefusals: 0 }
const NO_ACCOUNTS = { users: [], directoryRefusals: 0 }

function byName(user: string | undefined): (identity: Identity) => boolean {
  return ({ account }) => user === undefined || isNamed(account, user)
}

function closed(): SsoError {
  return new SsoError('ERR_SSO_CLOSED', 'the connector is shutting down')
}

/**
 * Puts the pipeline together.
 *
 * @param ports - What it works through; the backend pool is closed with the pipeline.
 * @returns The pipeline; close it to end its timer and sockets.
 * @throws RangeError for a nonsensical limit.
 */
export function createPipeline(ports: PipelinePorts): SsoPipeline {
  return new Pipeline(ports)
}
