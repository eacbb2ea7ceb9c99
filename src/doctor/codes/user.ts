/**
 * Codes of one user.
 *
 * @module
 */

/** Account, policy, tickets, backends. */
export const USER_CODES = {
  DOCTOR_USER_FOUND: {
    outcome: 'pass',
    means: 'The directory has exactly one account for the login.',
  },
  DOCTOR_USER_UNKNOWN: {
    outcome: 'fail',
    means: 'The directory has no account for the login.',
    mend: 'Check the name and its suffix, directory.baseDn, and which claim of the identity provider is the login.',
  },
  DOCTOR_USER_AMBIGUOUS: {
    outcome: 'fail',
    means: 'Several accounts answer to the login; none is acted for.',
    mend: 'Give every account a name of its own.',
  },
  DOCTOR_USER_UNREADABLE: {
    outcome: 'fail',
    means: 'The account cannot be looked up, or may not be read.',
    mend: 'Let the connector’s account read it; see the check directory.groups.',
  },
  DOCTOR_USER_ASSERTABLE: {
    outcome: 'pass',
    means:
      'The policy lets the issuer assert this user: the suffix of the login and the realm of the account are listed.',
  },
  DOCTOR_USER_NOT_ASSERTABLE: {
    outcome: 'fail',
    means:
      'The policy does not let the issuer assert this user: every request is refused with ERR_SSO_LOGIN_REFUSED.',
    mend: 'List the suffix under upnSuffixes, or the realm under realms, of the issuer in policy.yaml.',
  },
  DOCTOR_USER_NOT_BY_PROVIDER: {
    outcome: 'warn',
    means:
      'The policy does not let the issuer assert this user, whose sign-ins at the OpenID provider are refused with ERR_SSO_LOGIN_REFUSED. With a ticket of the user’s own (frontEndKerberos) the user comes in all the same.',
    mend: 'List the suffix under upnSuffixes, or the realm under realms, of the issuer in policy.yaml, if the user is to come in without a ticket too.',
  },
  DOCTOR_USER_GOOD: {
    outcome: 'pass',
    means: 'The account is enabled, has not ended and may be delegated.',
  },
  DOCTOR_USER_DISABLED: { outcome: 'fail', means: 'The account is disabled.', mend: 'Enable it.' },
  DOCTOR_USER_EXPIRED: {
    outcome: 'fail',
    means: 'The account has expired.',
    mend: 'Let it not end.',
  },
  DOCTOR_USER_LOCKED: {
    outcome: 'fail',
    means: 'The account is locked after wrong passwords.',
    mend: 'Unlock it.',
  },
  DOCTOR_USER_MUST_CHANGE: {
    outcome: 'warn',
    means:
      'The password has expired or must be changed. Windows gives tickets in such a user’s name, Samba gives none to services (error 23).',
    mend: 'Let the user change the password.',
  },
  DOCTOR_USER_SENSITIVE: {
    outcome: 'fail',
    means: 'The account is marked "sensitive and cannot be delegated".',
    mend: 'Take the mark away, if it was not meant.',
  },
  DOCTOR_USER_PROTECTED: {
    outcome: 'fail',
    means: 'The account is a member of Protected Users, whom nobody may act for.',
    mend: 'Take it out of the group, if that was not meant.',
  },
  DOCTOR_USER_ALLOWED: {
    outcome: 'pass',
    means: 'The policy lets the connector act for the user at this backend.',
  },
  DOCTOR_USER_NEVER_IMPERSONATED: {
    outcome: 'fail',
    means:
      'The policy never acts for this user: by name, by group, or because Windows counts the account as privileged.',
    mend: 'Use another account for this application, or change neverImpersonate or allowPrivileged.',
  },
  DOCTOR_S4U2SELF_GOOD: {
    outcome: 'pass',
    means: 'The KDC gives the connector a forwardable ticket in the user’s name.',
  },
  DOCTOR_S4U2SELF_REFUSED: {
    outcome: 'fail',
    means: 'The KDC gives no ticket in the user’s name; the finding has its reason.',
    mend: 'See kerberos-errors.md for the code.',
  },
  DOCTOR_USER_OWN_TICKET: {
    outcome: 'warn',
    means:
      'The user is of a trusted domain, and no KDC lets the connector act for such users (Samba’s never does). They come in with tickets of their own, which are delegated, and not by the OpenID provider: ERR_KRB_FOREIGN_USER.',
    mend: 'Give the user an account in the connector’s domain, if they are to come in without a ticket too.',
  },
  DOCTOR_USER_FOREIGN: {
    outcome: 'fail',
    means:
      'The user is of a trusted domain, no KDC lets the connector act for such users (Samba’s never does), and the policy takes no tickets of their own: every request is refused with ERR_KRB_FOREIGN_USER.',
    mend: 'List the user’s realm under frontEndKerberos.realms in policy.yaml, or give the user an account in the connector’s domain. See native-notes/login-identity.md.',
  },
  DOCTOR_S4U2SELF_NOT_FORWARDABLE: {
    outcome: 'fail',
    means: 'The KDC’s ticket in the user’s name cannot be forwarded, so it is of no use.',
    mend: 'Allow the connector protocol transition; see that neither the user nor krbtgt is marked as sensitive.',
  },
  DOCTOR_TICKET_GOOD: {
    outcome: 'pass',
    means: 'The KDC gives a ticket to the backend in the user’s name.',
  },
  DOCTOR_TICKET_REFUSED: {
    outcome: 'fail',
    means: 'The KDC gives no ticket to the backend in the user’s name; the finding has its reason.',
    mend: 'Grant the delegation, or mend the name or the keys of the service.',
  },
  DOCTOR_TOKEN_LARGE: {
    outcome: 'fail',
    means:
      'The user is in so many groups that the Authorization field is longer than the backend takes: this was measured, with a field that means nothing. Requests are refused with ERR_SSO_TOKEN_TOO_LARGE.',
    mend: 'Raise the server’s limit as the finding says, or take the user out of groups.',
  },
  DOCTOR_BACKEND_ANSWERS: { outcome: 'pass', means: 'The backend takes the user’s ticket.' },
  DOCTOR_BACKEND_UNREACHABLE: {
    outcome: 'fail',
    means: 'The backend cannot be reached.',
    mend: 'Check its address, port and certificate, and the row of the policy.',
  },
  DOCTOR_BACKEND_REFUSES: {
    outcome: 'fail',
    means: 'The backend answers 401 to a good ticket, and does not say why.',
    mend: 'See its log; Extended Protection, a sign-in scheme other than Negotiate, or rights within the application are the usual causes.',
  },
  DOCTOR_BACKEND_KEY: {
    outcome: 'fail',
    means:
      'The backend cannot open the ticket: its key is not that of the account that has the service principal name.',
    mend: 'Put the name on the account that the application runs as, or write the application’s keytab anew; with IIS see useAppPoolCredentials.',
  },
  DOCTOR_BACKEND_CLOCK: {
    outcome: 'fail',
    means: 'The backend’s clock differs from the KDC’s.',
    mend: 'Set the backend’s clock.',
  },
  DOCTOR_BACKEND_UNPROVED: {
    outcome: 'fail',
    means: 'The backend’s answer does not prove that it has the service’s key.',
    mend: 'See who answers at this address.',
  },
} as const
