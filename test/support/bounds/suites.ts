/**
 * Which suite goes beyond a limit and sees it hold, for the limits that ../../scenario/bounds.test.ts does not drive itself.
 *
 * @module
 */

/** A test file below test/, and words in it that are about the limit. */
export type Suite = readonly [file: string, words: string]

const UNIT = 'unit'
const PROOFS = `${UNIT}/sso/proof.test.ts`
const TRUST = `${UNIT}/sso/trust.test.ts`
const TICKETS = `${UNIT}/sso/tickets.test.ts`
const REFUSALS = `${UNIT}/sso/refusals.test.ts`
const FAIR = `${UNIT}/sso/fair-queue.test.ts`
const STORM = 'scenario/sso/account-storm.test.ts'
const LARGE = `${UNIT}/sso/large-tokens.test.ts`
const ACCEPTED = `${UNIT}/sso/accepted-sign-ins.test.ts`
const POOL = `${UNIT}/sso/io/backend-pool.test.ts`
const KEYS = `${UNIT}/sso/io/jwks.test.ts`
const SENDING = `${UNIT}/sso/sending.test.ts`
const KDCS = `${UNIT}/kerberos/io/kdc-transport.test.ts`
const HEALTH = `${UNIT}/kerberos/io/kdc-health.test.ts`
const UDP = `${UNIT}/kerberos/io/kdc-udp.test.ts`
const KEPT = `${UNIT}/kerberos/io/kept-sockets.test.ts`
const PROXY = `${UNIT}/kerberos/io/kkdcp-client.test.ts`
const AS = `${UNIT}/kerberos/exchange/as.test.ts`
const LDAP = `${UNIT}/directory/io/ldap-directory.test.ts`
const NAMES = `${UNIT}/connector/io/name-resolver.test.ts`
const CONNECTOR = `${UNIT}/connector/connector.test.ts`
const ROTATION = `${UNIT}/connector/password-rotation.test.ts`
const FLOW = `${UNIT}/tunnel/flow.test.ts`
const HEADS = `${UNIT}/tunnel/heads.test.ts`
const SESSION = `${UNIT}/tunnel/session.test.ts`
const RUNNER = `${UNIT}/doctor/runner.test.ts`
const SESSIONS = 'scenario/gateway/sessions.test.ts'
const PROVIDER = 'scenario/gateway/provider.test.ts'
const BROWSER_TICKETS = 'scenario/gateway/kerberos-sign-in.test.ts'
const ADMISSION = 'scenario/admission.test.ts'

/** The suite of every limit that is not driven in one place. */
export const SUITES: Readonly<Record<string, Suite>> = {
  'gateway.browser.limits.stalledMs': [
    'scenario/gateway/listener.test.ts',
    'ERR_GATEWAY_CLIENT_STALLED',
  ],
  'gateway.browser.limits.kerberosTokens': [BROWSER_TICKETS, 'kerberosTokens'],
  'gateway.oidc.maxAgeSeconds': [PROVIDER, 'max_age=36000'],
  'gateway.session.idleMinutes': [SESSIONS, 'end when idle'],
  'gateway.session.absoluteHours': [
    `${UNIT}/gateway/sessions.test.ts`,
    'ends at its absolute limit',
  ],
  'gateway.apps.maxAgeMinutes': ['scenario/gateway/step-up.test.ts', 'too old'],
  'gateway.apps.timeouts.connectMs': [POOL, 'connectMs'],
  'gateway.apps.timeouts.firstOctetMs': [POOL, 'firstOctetMs'],
  'gateway.apps.timeouts.idleMs': [POOL, 'idleMs'],
  'gateway.apps.timeouts.upgradedIdleMs': [
    `${UNIT}/sso/io/backend-upgrade.test.ts`,
    'upgradedIdleMs',
  ],
  'gateway.apps.cors.maxAgeInSeconds': ['scenario/gateway/cors.test.ts', 'maxAgeInSeconds'],
  'gateway.apps.frontEndKerberos.retryMinutes': [BROWSER_TICKETS, 'never in a circle'],
  'gateway.apps.frontEndKerberos.acceptMs': [BROWSER_TICKETS, 'acceptMs'],

  'connector.kerberos.timeoutMs': [KDCS, 'does not answer in time'],
  'connector.kerberos.totalTimeoutMs': [KDCS, 'stops after the total time'],
  'connector.kerberos.hedgeAfterMs': [
    `${UNIT}/kerberos/io/kdc-unwell.test.ts`,
    'is what the setting says',
  ],
  'connector.kerberos.maxInFlight': [`${UNIT}/kerberos/io/kdc-race.test.ts`, 'maxInFlight'],
  'connector.kerberos.udpPreferenceLimit': [UDP, 'udpPreferenceLimit'],
  'connector.kerberos.kdcProxy.connectTimeoutMs': [PROXY, 'does not wait for a connection longer'],
  'connector.kerberos.kdcProxy.maxConnections': [PROXY, 'maxConnections'],
  'connector.kerberos.kdcLimits.maxReplyOctets': [KDCS, 'maxReplyOctets'],
  'connector.kerberos.kdcLimits.keepMs': [KEPT, 'keepMs'],
  'connector.kerberos.kdcLimits.maxKept': [KEPT, 'maxKept'],
  'connector.kerberos.kdcLimits.maxDatagramOctets': [UDP, 'maxDatagramOctets'],
  'connector.kerberos.kdcLimits.udpRetransmitAfterMs': [UDP, 'udpRetransmitAfterMs'],
  'connector.kerberos.kdcLimits.maxExchanges': [KDCS, 'maxExchanges'],
  'connector.kerberos.kdcLimits.maxWaiting': [KDCS, 'maxWaiting'],
  'connector.kerberos.kdcLimits.probeAfterMs': [HEALTH, 'probeAfterMs'],
  'connector.kerberos.kdcLimits.probeMaxMs': [HEALTH, 'probeMaxMs'],
  'connector.kerberos.kdcLimits.slowFactor': [HEALTH, 'slowFactor'],
  'connector.kerberos.kdcLimits.slowMarginMs': [HEALTH, 'slowMarginMs'],
  'connector.kerberos.kdcLimits.maxKdcs': [HEALTH, 'maxKdcs'],
  'connector.kerberos.rotatePassword.everyDays': [ROTATION, 'everyDays'],
  'connector.kerberos.rotatePassword.spreadHours': [ROTATION, 'spreadHours'],
  'connector.kerberos.rotatePassword.checkMinutes': [ROTATION, 'looks again'],
  'connector.kerberos.rotatePassword.resumeAfterMinutes': [ROTATION, 'goes on with it'],
  'connector.kerberos.rotatePassword.retryFirstMinutes': [ROTATION, 'waits longer'],
  'connector.kerberos.rotatePassword.retryMaxHours': [ROTATION, 'waits longer'],

  'connector.directory.connectTimeoutMs': [LDAP, 'connectTimeoutMs'],
  'connector.directory.operationTimeoutMs': [LDAP, 'operationTimeoutMs'],
  'connector.dns.cacheSeconds': [NAMES, 'cacheSeconds'],
  'connector.issuerKeys.cooldownMs': [KEYS, 'cooldownMs'],
  'connector.issuerKeys.keepMs': [KEYS, 'keepMs'],
  'connector.issuerKeys.retryMs': [KEYS, 'retryMs'],
  'connector.issuerKeys.maxOctets': [KEYS, 'maxOctets'],
  'connector.limits.reconnectFirstMs': [CONNECTOR, 'with growing waits'],
  'connector.limits.reconnectMaxMs': [CONNECTOR, 'with growing waits'],
  'connector.limits.stableMs': [CONNECTOR, 'when tunnels do not last'],
  'connector.limits.dialMs': [CONNECTOR, 'dialMs'],
  'connector.limits.proofs': [`${UNIT}/connector/proofs.test.ts`, 'proofs: 2'],
  'connector.limits.proofOctets': [`${UNIT}/connector/proofs.test.ts`, 'proofOctets'],
  'connector.limits.drainMs': [CONNECTOR, 'drainMs'],
  'connector.limits.statisticsMs': [`${UNIT}/connector/statistics.test.ts`, 'statisticsMs'],

  'connector.sso.idTokenLength': [PROOFS, 'idTokenLength'],
  'connector.sso.acceptedCount': [ACCEPTED, 'acceptedCount'],
  'connector.sso.acceptedPerUser': [ACCEPTED, 'acceptedPerUser'],
  'connector.sso.acceptedOctets': [ACCEPTED, 'acceptedOctets'],
  'connector.sso.clockToleranceSeconds': [PROOFS, 'clockToleranceSeconds'],
  'connector.sso.keysCheckMinutes': [`${UNIT}/sso/key-watch.test.ts`, 'keysCheckMinutes'],
  'connector.sso.identityCount': [STORM, 'identityCount: 3'],
  'connector.sso.identityMs': [TRUST, 'identityMs'],
  'connector.sso.transportRetryMs': [TRUST, 'transportRetryMs'],
  'connector.sso.policyRefusalMs': [REFUSALS, '60_000'],
  'connector.sso.unknownPrincipalMs': [REFUSALS, '30_000'],
  'connector.sso.transportFailureMs': [REFUSALS, 'no KDC'],
  'connector.sso.refusalMs': [REFUSALS, 'any other reply'],
  'connector.sso.refusalCount': [REFUSALS, 'refusalCount'],
  'connector.sso.ticketCount': [TICKETS, 'ticketCount'],
  'connector.sso.ticketOctets': [TICKETS, 'ticketOctets'],
  'connector.sso.cacheShowEntries': [TICKETS, 'cacheShowEntries'],
  'connector.sso.ticketMs': [SENDING, 'ticketMs'],
  'connector.sso.ticketMarginMs': [TRUST, 'ticketMarginMs'],
  'connector.sso.refreshAheadPercent': [TICKETS, 'refreshAheadPercent'],
  'connector.sso.refreshJitterPercent': [TICKETS, 'spreads renewals by chance'],
  'connector.sso.kdcExchanges': [FAIR, 'kdcExchanges'],
  'connector.sso.kdcQueue': [FAIR, 'kdcQueue'],
  'connector.sso.kdcQueueMs': [FAIR, 'kdcQueueMs'],
  'connector.sso.directoryLookups': [STORM, 'directoryLookups'],
  'connector.sso.directoryQueue': [STORM, 'directoryQueue'],
  'connector.sso.directoryQueueMs': [STORM, 'directoryQueueMs'],
  'connector.sso.largeTokenOctets': [LARGE, 'largeTokenOctets'],
  'connector.sso.largeTokenWarningMs': [LARGE, 'largeTokenWarningMs'],
  'connector.sso.largeTokenApps': [LARGE, 'largeTokenApps'],
  'connector.sso.largeTokenWarnings': [LARGE, 'largeTokenWarnings'],
  'connector.sso.ticketRefetchAgeMs': [TRUST, 'ticketRefetchAgeMs'],
  'connector.sso.replayBodyOctets': [
    `${UNIT}/sso/held-body.test.ts`,
    'ERR_SSO_BODY_NOT_REPLAYABLE',
  ],
  'connector.sso.expectContinueMs': [`${UNIT}/sso/held-body.test.ts`, 'sent after a while'],
  'connector.sso.challengePageOctets': [SENDING, 'challengePageOctets'],
  'connector.sso.expirySweepMs': [TRUST, 'expirySweepMs'],

  'policy.issuers.maxAgeMinutes': [PROOFS, 'maxAgeMinutes'],
  'policy.backends.maxAgeMinutes': [`${UNIT}/sso/sign-in-strength.test.ts`, 'maxAgeMinutes'],
  'policy.backends.headerSignOn.assertion.lifetimeSeconds': [
    `${UNIT}/sso/header-sign-on/sign-on.test.ts`,
    'lifetimeSeconds',
  ],
  'policy.frontEndKerberos.maxAgeMinutes': [`${UNIT}/sso/front-end.test.ts`, 'maxAgeMinutes'],

  'tunnel.maxDataOctets': [FLOW, 'maxDataOctets'],
  'tunnel.maxHeadOctets': [HEADS, 'maxHeadOctets'],
  'tunnel.maxHeadFields': [HEADS, 'maxHeadFields'],
  'tunnel.maxInterimHeads': [`${UNIT}/tunnel/optional-frames.test.ts`, 'maxInterimHeads'],
  'tunnel.maxControlOctets': [SESSION, 'maxControlOctets'],
  'tunnel.maxStreams': [SESSION, 'maxStreams'],
  'tunnel.streamWindowOctets': [FLOW, 'streamWindowOctets'],
  'tunnel.maxQueuedOctets': [FLOW, 'maxQueuedOctets'],
  'tunnel.highWaterOctets': [FLOW, 'highWaterOctets'],
  'tunnel.maxBacklogOctets': [FLOW, 'maxBacklogOctets'],
  'tunnel.handshakeTimeoutMs': [SESSION, 'without a HELLO in time'],
  'tunnel.pingIntervalMs': [FLOW, 'loses a peer that stays silent after a ping'],
  'tunnel.pingTimeoutMs': [FLOW, 'loses a peer that stays silent after a ping'],
  'tunnelListener.maxPending': [ADMISSION, 'maxPending'],
  'tunnelListener.handshakeTimeoutMs': [ADMISSION, 'handshakeTimeoutMs'],
  'tunnelListener.headTimeoutMs': [ADMISSION, 'headTimeoutMs'],
  'tunnelListener.requestTimeoutMs': [ADMISSION, 'requestTimeoutMs'],
  'tunnelListener.timeoutCheckMs': [ADMISSION, 'timeoutCheckMs'],
  'tunnelListener.maxBodyOctets': [ADMISSION, 'a body that is too large'],
  'tunnelListener.certificateCheckMs': [
    `${UNIT}/gateway/io/tunnel-listener.test.ts`,
    'certificateCheckMs',
  ],
  'backend.socketsPerUser': [POOL, 'socketsPerUser'],
  'backend.sockets': [POOL, 'sockets: 2'],
  'backend.responseHeadOctets': [POOL, 'responseHeadOctets'],
  'stringToKey.minIterations': [AS, 'iterations are bounded'],
  'stringToKey.maxIterations': [AS, 'iterations are bounded'],
  'stringToKey.maxSaltOctets': [AS, 'maxSaltOctets'],
  'doctor.checkMs': [RUNNER, 'checkMs'],
  'doctor.concurrent': [RUNNER, 'concurrent'],
}
