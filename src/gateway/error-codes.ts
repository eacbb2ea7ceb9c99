/**
 * What a browser is told about each stable code: status, title, and words that help without showing what is inside.
 *
 * Choices worth knowing: a refusal by the directory or a policy is 403, also when the domain controller refuses the
 * delegation (ERR_KRB_DELEGATION_REFUSED, ERR_KRB_NOT_FORWARDABLE): access was denied, nothing is broken on the way. A
 * fault of the path inside is 502, something that is down 503, something that is slow 504.
 *
 * @module
 */

/** What is shown for a code. */
export interface Fault {
  readonly status: number
  readonly title: string
  readonly text: string
}

const ASK = 'Ask your administrator, and give the request number below.'

const FAULTS = {
  badRequest: {
    status: 400,
    title: 'The request could not be understood',
    text: 'Your browser sent something that cannot be passed on. Clearing the cookies of this site may help.',
  },
  tooLong: {
    status: 414,
    title: 'The address is too long',
    text: 'Open the application by its first page and try again from there.',
  },
  fieldsTooLarge: {
    status: 431,
    title: 'The request is too large',
    text: 'Your browser sent more with it than can be taken, most often cookies. Delete the cookies of this site and try again.',
  },
  signIn: {
    status: 401,
    title: 'Please sign in',
    text: 'You are not signed in, or your sign-in has ended. If you were sending a form, it has not been sent: go back, sign in in a new tab, and send it again.',
  },
  signInAgain: {
    status: 401,
    title: 'Please sign in again',
    text: 'Your sign-in is too old for this application.',
  },
  stepUp: {
    status: 401,
    title: 'Please sign in once more',
    text: 'This application wants a stronger or a more recent sign-in than yours. If you were sending a form, it has not been sent.',
  },
  stepUpRefused: {
    status: 403,
    title: 'Your sign-in is not strong enough',
    text: `You have just signed in, but not in the way that this application wants, for instance with a second factor. ${ASK}`,
  },
  signInLost: {
    status: 400,
    title: 'The sign-in could not be completed',
    text: 'It took too long, was already completed, or began in another browser. Open the application again.',
  },
  signInRefused: {
    status: 403,
    title: 'The sign-in was refused',
    text: `The sign-in service did not accept it. ${ASK}`,
  },
  notAllowed: {
    status: 403,
    title: 'You may not use this application',
    text: 'You are signed in, but your account has not been given access to it. Ask your administrator for access.',
  },
  refusedInside: {
    status: 403,
    title: 'Access was refused',
    text: `The network inside does not allow your account to use this application this way. ${ASK}`,
  },
  notDelegatable: {
    status: 403,
    title: 'Your account may not be used this way',
    text: 'Your account is protected: it may not be delegated, so the application cannot be opened for you from outside. Ask your administrator.',
  },
  foreignAccount: {
    status: 403,
    title: 'Your account is of another domain',
    text: `You are signed in, but the application cannot be opened this way for accounts of your domain. ${ASK}`,
  },
  accountUnknown: {
    status: 403,
    title: 'Your account was not found inside',
    text: `You are signed in, but the directory inside has no account, or more than one, for your login. ${ASK}`,
  },
  accountDisabled: {
    status: 403,
    title: 'Your account is disabled inside',
    text: `The directory inside says that your account is disabled, locked or expired. ${ASK}`,
  },
  passwordExpired: {
    status: 403,
    title: 'Your password has expired',
    text: 'The directory inside wants you to change your password first. Change it, then try again.',
  },
  crossSite: {
    status: 403,
    title: 'The request came from another site',
    text: 'For your safety it was not carried out. Open the page directly and try again.',
  },
  notFound: { status: 404, title: 'There is no such page', text: 'Check the address.' },
  method: {
    status: 405,
    title: 'That is not possible here',
    text: 'The method of the request is not accepted.',
  },
  stalled: {
    status: 408,
    title: 'The request did not arrive',
    text: 'Your browser began to send something and stopped. Check your connection and try again.',
  },
  unknownHost: {
    status: 421,
    title: 'No application is published here',
    text: 'Check the address: nothing is published under this name.',
  },
  internal: {
    status: 500,
    title: 'Something went wrong',
    text: `The gateway could not handle the request. ${ASK}`,
  },
  inside: {
    status: 502,
    title: 'The application could not be opened',
    text: `Something on the way inside is not working as it should. ${ASK}`,
  },
  tooManyGroups: {
    status: 502,
    title: 'The application does not take your sign-in',
    text: `You are a member of so many groups that it is too large for the application. ${ASK}`,
  },
  backend: {
    status: 502,
    title: 'The application cannot be reached',
    text: `It does not answer, or not as expected. Try again later. ${ASK}`,
  },
  backendSignIn: {
    status: 502,
    title: 'The application did not accept the sign-in',
    text: `You are signed in, but the application and its network do not agree on how. ${ASK}`,
  },
  notSentTwice: {
    status: 502,
    title: 'What you sent could not be delivered',
    text: `The application asked for it a second time, and it was too large to keep. Try again. ${ASK}`,
  },
  noConnector: {
    status: 503,
    title: 'The application is not connected',
    text: 'Its network cannot be reached at the moment. Try again in a few minutes.',
  },
  busy: {
    status: 503,
    title: 'Please try again',
    text: 'The request could not be handled right now. Try again in a moment.',
  },
  signInDown: {
    status: 503,
    title: 'The sign-in service cannot be reached',
    text: 'Try again in a few minutes.',
  },
  insideDown: {
    status: 503,
    title: 'A service inside is not available',
    text: `The application cannot be opened for you until it is back. Try again in a few minutes. ${ASK}`,
  },
  slow: {
    status: 504,
    title: 'The application takes too long',
    text: 'It did not answer in time. Try again later.',
  },
} as const satisfies Record<string, Fault>

type FaultName = keyof typeof FAULTS

const NAMES: Readonly<Record<string, FaultName>> = {
  ERR_GATEWAY_BAD_REQUEST: 'badRequest',
  ERR_GATEWAY_TARGET_TOO_LONG: 'tooLong',
  ERR_GATEWAY_FIELDS_TOO_LARGE: 'fieldsTooLarge',
  ERR_GATEWAY_UNKNOWN_HOST: 'unknownHost',
  ERR_GATEWAY_NOT_FOUND: 'notFound',
  ERR_GATEWAY_METHOD: 'method',
  ERR_GATEWAY_NOT_SIGNED_IN: 'signIn',
  ERR_GATEWAY_NOT_ALLOWED: 'notAllowed',
  ERR_GATEWAY_STEP_UP_NEEDED: 'stepUp',
  ERR_GATEWAY_STEP_UP_REFUSED: 'stepUpRefused',
  ERR_SSO_STEP_UP_NEEDED: 'stepUp',
  ERR_GATEWAY_SIGN_IN_STATE: 'signInLost',
  ERR_GATEWAY_PROVIDER_REFUSED: 'signInRefused',
  ERR_GATEWAY_PROVIDER_UNREACHABLE: 'signInDown',
  ERR_GATEWAY_LOGIN_CLAIM: 'signInRefused',
  ERR_GATEWAY_LOGOUT_TOKEN: 'badRequest',
  ERR_GATEWAY_CROSS_SITE: 'crossSite',
  ERR_GATEWAY_KERBEROS_FULL: 'busy',
  ERR_GATEWAY_NO_CONNECTOR: 'noConnector',
  ERR_GATEWAY_CONNECTOR_CHANGED: 'signInAgain',
  ERR_GATEWAY_UPGRADE: 'noConnector',
  ERR_GATEWAY_BAD_RESPONSE: 'backend',
  ERR_GATEWAY_TIMEOUT: 'slow',
  ERR_GATEWAY_CLIENT_ABORTED: 'badRequest',
  ERR_GATEWAY_CLIENT_STALLED: 'stalled',
  ERR_GATEWAY_SESSION_ENDED: 'signIn',
  ERR_GATEWAY_STOPPING: 'busy',
  ERR_GATEWAY_INTERNAL: 'internal',
  ERR_TUNNEL_HEAD: 'badRequest',
  ERR_TUNNEL_CLOSED: 'noConnector',
  ERR_TUNNEL_DRAINED: 'noConnector',
  ERR_TUNNEL_DRAINING: 'noConnector',
  ERR_TUNNEL_LOST: 'inside',
  ERR_TUNNEL_REFUSED: 'busy',
  ERR_TUNNEL_STREAM_LIMIT: 'busy',
  ERR_TUNNEL_TIMEOUT: 'slow',
  ERR_SSO_PROOF_MISSING: 'signIn',
  ERR_SSO_PROOF_INVALID: 'refusedInside',
  ERR_SSO_ISSUER_UNKNOWN: 'refusedInside',
  ERR_SSO_PROOF_EXPIRED: 'signInAgain',
  ERR_SSO_PROOF_WITHDRAWN: 'signIn',
  ERR_SSO_PROOF_UNKNOWN: 'busy',
  ERR_SSO_ASSERTION_UNKNOWN: 'signInAgain',
  ERR_SSO_ASSERTION_INVALID: 'refusedInside',
  ERR_SSO_NEGOTIATE_UNFIT: 'signIn',
  ERR_SSO_NEGOTIATE_REFUSED: 'signIn',
  ERR_CONNECTOR_BUSY: 'busy',
  ERR_SSO_POLICY_DENIED: 'refusedInside',
  ERR_SSO_LOGIN_REFUSED: 'refusedInside',
  ERR_SSO_NEVER_IMPERSONATE: 'refusedInside',
  ERR_SSO_ACCOUNT_UNKNOWN: 'accountUnknown',
  ERR_SSO_ACCOUNT_AMBIGUOUS: 'accountUnknown',
  ERR_SSO_ACCOUNT_DISABLED: 'accountDisabled',
  ERR_SSO_ACCOUNT_EXPIRED: 'accountDisabled',
  ERR_SSO_ACCOUNT_LOCKED: 'accountDisabled',
  ERR_SSO_NOT_DELEGATABLE: 'notDelegatable',
  ERR_SSO_KERBEROS_ABSENT: 'insideDown',
  ERR_SSO_TOKEN_TOO_LARGE: 'tooManyGroups',
  ERR_SSO_KDC_QUEUE_FULL: 'busy',
  ERR_SSO_KDC_QUEUE_TIMEOUT: 'busy',
  ERR_SSO_DIRECTORY_QUEUE_FULL: 'busy',
  ERR_SSO_DIRECTORY_QUEUE_TIMEOUT: 'busy',
  ERR_SSO_OWN_ACCOUNT: 'insideDown',
  ERR_SSO_PROOF_AUDIENCE: 'refusedInside',
  ERR_SSO_PROOF_EARLY: 'refusedInside',
  ERR_SSO_HEADER_CLAIM: 'refusedInside',
  ERR_SSO_SIGNING_KEY: 'insideDown',
  ERR_SSO_BACKEND_REFUSED_TICKET: 'backendSignIn',
  ERR_SSO_BACKEND_KEY_MISMATCH: 'backendSignIn',
  ERR_SSO_BACKEND_NO_KEY: 'backendSignIn',
  ERR_SSO_BACKEND_CLOCK_SKEW: 'backendSignIn',
  ERR_SSO_BACKEND_TICKET_EXPIRED: 'backendSignIn',
  ERR_SSO_BACKEND_TICKET_NOT_YET_VALID: 'backendSignIn',
  ERR_SSO_BACKEND_REPLAY: 'backendSignIn',
  ERR_SSO_BACKEND_BAD_MATCH: 'backendSignIn',
  ERR_SSO_BACKEND_NTLM_ONLY: 'backendSignIn',
  ERR_SSO_BACKEND_BASIC_ONLY: 'backendSignIn',
  ERR_SSO_BACKEND_NO_CHALLENGE: 'backendSignIn',
  ERR_SSO_BODY_NOT_REPLAYABLE: 'notSentTwice',
  ERR_SSO_KEYS_UNREACHABLE: 'insideDown',
  ERR_SSO_SESSION_ENDED: 'signIn',
  ERR_SSO_CLOSED: 'busy',
  ERR_CONNECTOR_STOPPED: 'busy',
  ERR_KRB_KDC_UNREACHABLE: 'insideDown',
  ERR_KRB_CLIENT_UNKNOWN: 'accountUnknown',
  ERR_KRB_FOREIGN_USER: 'foreignAccount',
  ERR_KRB_CLIENT_REVOKED: 'accountDisabled',
  ERR_KRB_CLIENT_KEY_EXPIRED: 'passwordExpired',
  ERR_KRB_NOT_FORWARDABLE: 'refusedInside',
  ERR_KRB_DELEGATION_REFUSED: 'refusedInside',
  ERR_DIRECTORY_NOT_FOUND: 'accountUnknown',
  ERR_DIRECTORY_AMBIGUOUS: 'accountUnknown',
  ERR_DIRECTORY_UNREACHABLE: 'insideDown',
  ERR_DIRECTORY_TLS: 'insideDown',
  ERR_BACKEND_NAME: 'backend',
  ERR_BACKEND_UNREACHABLE: 'backend',
  ERR_BACKEND_TLS: 'backend',
  ERR_BACKEND_TIMEOUT: 'slow',
  ERR_BACKEND_ADDRESS_REFUSED: 'inside',
  ERR_BACKEND_PROTOCOL: 'backend',
  ERR_BACKEND_ABORTED: 'backend',
}

/**
 * What a browser is told about a code. A code that is not listed (every other ERR_KRB_, ERR_DIRECTORY_, ERR_TUNNEL_
 * and whatever a newer connector says) is a fault inside, 502.
 *
 * @param code - Stable code.
 * @returns Status and words.
 */
export function faultOf(code: string): Fault {
  const name = Object.hasOwn(NAMES, code) ? NAMES[code] : undefined
  return FAULTS[name ?? 'inside']
}

/** Every code with words of its own. */
export const LISTED_CODES: readonly string[] = Object.keys(NAMES)
