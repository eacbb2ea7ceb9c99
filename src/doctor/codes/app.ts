/**
 * Codes of the apps and their backends.
 *
 * @module
 */

/** What is found of an app. */
export const APP_CODES = {
  DOCTOR_APPS_TOLD: {
    outcome: 'pass',
    means: 'The gateway told the apps of this connector’s group.',
  },
  DOCTOR_APPS_NONE: {
    outcome: 'warn',
    means: 'The gateway has no app for this connector’s group.',
    mend: 'Set connectorGroup of the apps in gateway.yaml to this group, or register into theirs.',
  },
  DOCTOR_APP_OTHER_GROUP: {
    outcome: 'fail',
    means:
      'The gateway did not tell this app to this connector: it does not know it, or the app belongs to another connector group.',
    mend: 'Correct the id, or connectorGroup of the app in gateway.yaml.',
  },
  DOCTOR_APP_ROUTE: {
    outcome: 'pass',
    means: 'The connector’s policy has a row for the app: this origin with this SPN.',
  },
  DOCTOR_APP_NOT_IN_POLICY: {
    outcome: 'fail',
    means:
      'The connector’s policy has no row for the app’s origin. What no row allows is refused, whatever the gateway says.',
    mend: 'Add the row that the finding shows to policy.yaml, if the app is to be reached.',
  },
  DOCTOR_APP_SPN_MISMATCH: {
    outcome: 'fail',
    means:
      'The policy has a row for the app’s origin, but with another servicePrincipalName than the app at the gateway.',
    mend: 'Make the two equal: in policy.yaml or in gateway.yaml, whichever is wrong.',
  },
  DOCTOR_APP_PASSTHROUGH: {
    outcome: 'fail',
    means:
      'The gateway lets anyone reach the app without a sign-in, and the policy does not allow that.',
    mend: 'Set preAuthentication in the row of policy.yaml, if anyone may reach it, else at the gateway.',
  },
  DOCTOR_APP_LOGIN: {
    outcome: 'pass',
    means: 'The policy takes the app’s delegatedLoginIdentity from an issuer.',
  },
  DOCTOR_APP_LOGIN_KIND: {
    outcome: 'fail',
    means:
      'The app’s delegatedLoginIdentity is a kind that the policy takes from no issuer: every request is refused with ERR_SSO_LOGIN_REFUSED.',
    mend: 'List the kind under loginIdentities of the issuer in policy.yaml, define it under loginAttributes, or choose another at the app.',
  },
  DOCTOR_APP_ADDRESS: {
    outcome: 'pass',
    means:
      'The backend’s name has addresses (an A or AAAA record of its own), and the policy allows them.',
  },
  DOCTOR_APP_NAME: {
    outcome: 'fail',
    means: 'The backend’s name has no address.',
    mend: 'Correct internalUrl, or dns.servers in connector.yaml.',
  },
  DOCTOR_APP_CNAME: {
    outcome: 'warn',
    means:
      'The backend’s name is an alias (CNAME). Browsers and many Kerberos clients ask for a ticket of the name that the alias leads to, Sallyport for the one that the policy names: an SPN is often registered for one of the two alone, so that it works one way and not the other.',
    mend: 'Give the name an A record of its own, or register the SPN for both names at the same account.',
  },
  DOCTOR_APP_ADDRESS_REFUSED: {
    outcome: 'fail',
    means: 'The backend’s name leads to addresses that the policy does not allow.',
    mend: 'List the network under addresses in the row of policy.yaml, if it is right; else correct the DNS.',
  },
  DOCTOR_APP_TCP: {
    outcome: 'pass',
    means: 'The backend takes connections.',
  },
  DOCTOR_APP_UNREACHABLE: {
    outcome: 'fail',
    means: 'No connection to the backend.',
    mend: 'See that it runs and that this host may reach it.',
  },
  DOCTOR_APP_TLS_GOOD: {
    outcome: 'pass',
    means:
      'The backend’s certificate is what the policy wants, for its name, and valid for some time.',
  },
  DOCTOR_APP_TLS_UNVERIFIED: {
    outcome: 'warn',
    means:
      'The policy says that the backend’s certificate is not looked at: whoever is on the way can pass for the backend.',
    mend: 'Set tls.ca or tls.pin in the row of policy.yaml.',
  },
  DOCTOR_APP_TLS: {
    outcome: 'fail',
    means:
      'The backend’s certificate is not what the policy wants: another authority, another key, or another name.',
    mend: 'Set tls.ca or tls.pin in the row of policy.yaml to what the backend shows, if that is right.',
  },
  DOCTOR_APP_CERT_EXPIRED: {
    outcome: 'fail',
    means: 'The backend’s certificate is not valid now.',
    mend: 'Renew it; look at this host’s clock as well.',
  },
  DOCTOR_APP_CERT_ENDS_SOON: {
    outcome: 'warn',
    means: 'The backend’s certificate ends within two weeks.',
    mend: 'Renew it.',
  },
  DOCTOR_APP_HTTP1: {
    outcome: 'pass',
    means: 'The backend speaks HTTP/1.1.',
  },
  DOCTOR_APP_HTTP2_OFFERED: {
    outcome: 'pass',
    means:
      'The backend speaks HTTP/2 as well. The connector asks for HTTP/1.1, since Negotiate and NTLM sign a connection in, which HTTP/2 shares between requests.',
  },
  DOCTOR_APP_HTTP2: {
    outcome: 'fail',
    means:
      'The backend speaks HTTP/2 alone. Integrated Windows Authentication needs HTTP/1.1, and the connector speaks nothing else to backends.',
    mend: 'Let the backend, or the proxy before it, speak HTTP/1.1.',
  },
  DOCTOR_APP_NEGOTIATE: {
    outcome: 'pass',
    means: 'The backend offers Negotiate.',
  },
  DOCTOR_APP_NTLM: {
    outcome: 'fail',
    means:
      'The backend offers NTLM and not Negotiate. Nobody can be signed in by NTLM without a password.',
    mend: 'Add the provider Negotiate above NTLM.',
  },
  DOCTOR_APP_NO_NEGOTIATE: {
    outcome: 'fail',
    means: 'The backend wants a sign-in, but offers no Negotiate (Basic, or a form of its own).',
    mend: 'Switch Windows Authentication (Negotiate) on at the backend, or set singleSignOn: none.',
  },
  DOCTOR_APP_OPEN: {
    outcome: 'warn',
    means:
      'The backend answers without a sign-in, although the app signs people in by Kerberos. Perhaps only its first page is open.',
    mend: 'Switch anonymous access off at the backend, or set singleSignOn: none.',
  },
  DOCTOR_APP_NO_SIGN_IN: {
    outcome: 'pass',
    means: 'The backend answers without a sign-in, as an app without single sign-on is to.',
  },
  DOCTOR_APP_WANTS_SIGN_IN: {
    outcome: 'warn',
    means:
      'The backend wants a Windows sign-in, and the app has no single sign-on: those challenges do not cross the gateway.',
    mend: 'Set singleSignOn: kerberos and servicePrincipalName, in gateway.yaml and policy.yaml.',
  },
  DOCTOR_APP_ERROR: {
    outcome: 'warn',
    means: 'The backend answers with an error of its own (5xx).',
    mend: 'Look at the backend’s own log.',
  },
  DOCTOR_APP_BROKEN_HTTP: {
    outcome: 'fail',
    means: 'What answers at the backend’s address speaks no HTTP/1.1, or breaks off.',
    mend: 'See that internalUrl has the right scheme and port.',
  },
  DOCTOR_APP_TICKET: {
    outcome: 'pass',
    means: 'The KDC gives the connector’s own account a ticket for the service.',
  },
  DOCTOR_APP_TICKET_REFUSED: {
    outcome: 'fail',
    means: 'The KDC gives no ticket for the service.',
    mend: 'Follow the mend of the KDC’s own error; the SPN is to be registered at exactly one account.',
  },
  DOCTOR_APP_TOKEN: {
    outcome: 'pass',
    means: 'The backend took a token of the connector’s own account, and proved itself.',
  },
  DOCTOR_APP_NO_MUTUAL: {
    outcome: 'warn',
    means:
      'The backend took the token and did not prove itself (no AP-REP), or proved itself badly. Where the policy says mutualAuthentication: required, its answers are refused.',
    mend: 'Let the backend send its last token, or set mutualAuthentication: wanted in the row of policy.yaml.',
  },
  DOCTOR_APP_KEY: {
    outcome: 'fail',
    means:
      'The backend cannot decrypt tickets for this SPN: the SPN is registered at another account than the one whose key the backend has, or its keytab is old.',
    mend: 'Register the SPN at the account that the service runs as; write the keytab again.',
  },
  DOCTOR_APP_CLOCK: {
    outcome: 'fail',
    means: 'The backend’s clock is off by more than the five minutes that Kerberos allows.',
    mend: 'Let the backend’s host take the time from the domain controllers.',
  },
  DOCTOR_APP_EPA: {
    outcome: 'fail',
    means:
      'The backend wants channel bindings (Extended Protection) that cannot be right on this way: it is reached without TLS, or TLS ends before it.',
    mend: 'Publish the backend by its own https origin, or set Extended Protection to Accept or Off.',
  },
  DOCTOR_APP_401: {
    outcome: 'fail',
    means: 'The backend answers 401 to a good token, and says no reason.',
    mend: 'Look at the backend’s log. Most often its account is not the one that the SPN is registered at, or it lets nobody in.',
  },
  DOCTOR_APP_EPA_REQUIRED: {
    outcome: 'pass',
    means:
      'The backend refuses tokens without channel bindings (Extended Protection is required). The connector sends them.',
  },
  DOCTOR_APP_EPA_ALLOWED: {
    outcome: 'pass',
    means:
      'The backend looks at channel bindings where a token has them, and takes tokens without (Extended Protection is allowed).',
  },
  DOCTOR_APP_EPA_OFF: {
    outcome: 'pass',
    means: 'The backend takes tokens with wrong channel bindings: Extended Protection is off.',
  },
  DOCTOR_APP_HEADERS_ROOMY: {
    outcome: 'pass',
    means:
      'The backend takes header fields of 64 KiB: room for the tickets of users in very many groups.',
  },
  DOCTOR_APP_HEADERS_TIGHT: {
    outcome: 'warn',
    means:
      'The backend refuses header fields that the tickets of users in many groups can reach: a ticket takes about 24 to 40 octets a group, by 4/3 for Base64.',
    mend: 'Raise the limit that the finding names.',
  },
} as const
