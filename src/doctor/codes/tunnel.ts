/**
 * Codes of the way to the gateway.
 *
 * @module
 */

/** What is found on the way to the gateway. */
export const TUNNEL_CODES = {
  DOCTOR_REGISTERED: {
    outcome: 'pass',
    means: 'The state directory holds a registration.',
  },
  DOCTOR_NOT_REGISTERED: {
    outcome: 'fail',
    means: 'The state directory holds no registration, or a damaged one.',
    mend: 'Create a token at the gateway and register the connector.',
  },
  DOCTOR_CERTIFICATE_GOOD: {
    outcome: 'pass',
    means: 'The connector’s certificate is valid, and for long enough.',
  },
  DOCTOR_CERTIFICATE_ENDS_SOON: {
    outcome: 'warn',
    means: 'The connector’s certificate ends within two weeks.',
    mend: 'Register the connector again with `--force`.',
  },
  DOCTOR_CERTIFICATE_ENDED: {
    outcome: 'fail',
    means: 'The connector’s certificate has ended, or this host’s clock is wrong by very much.',
    mend: 'Look at the clock first; then register the connector again with `--force`.',
  },
  DOCTOR_GATEWAY_RESOLVES: {
    outcome: 'pass',
    means: 'The gateway’s name has an address.',
  },
  DOCTOR_GATEWAY_NO_ADDRESS: {
    outcome: 'fail',
    means: 'The gateway’s name has no address: the host’s own resolver was asked, not dns.servers.',
    mend: 'Let the host resolve names of the outside, or register with an address that it can.',
  },
  DOCTOR_GATEWAY_TCP: {
    outcome: 'pass',
    means: 'The gateway’s tunnel listener takes connections.',
  },
  DOCTOR_TUNNEL_UNREACHABLE: {
    outcome: 'fail',
    means: 'No TCP connection to the gateway’s tunnel listener.',
    mend: 'See that the gateway runs, and that the firewall lets this host out to its tunnel port.',
  },
  DOCTOR_GATEWAY_PROXY_UNUSED: {
    outcome: 'warn',
    means: 'The environment names a forward proxy. The tunnel is dialled directly, without it.',
    mend: 'Let the firewall pass this host to the gateway’s tunnel port.',
  },
  DOCTOR_GATEWAY_TLS: {
    outcome: 'pass',
    means: 'The gateway showed a certificate of its own CA, for its name, over TLS 1.3.',
  },
  DOCTOR_GATEWAY_INTERCEPTED: {
    outcome: 'fail',
    means:
      'Whoever answers at the gateway’s address shows a certificate of another CA than the one that registration told: a proxy that opens TLS stands in between, or it is another gateway.',
    mend: 'Except the gateway’s tunnel port from TLS inspection. If the gateway was set up anew, register again.',
  },
  DOCTOR_GATEWAY_NAME: {
    outcome: 'fail',
    means: 'The gateway’s certificate is for another name than the one that registration told.',
    mend: 'Correct tunnel.name in gateway.yaml, or register again.',
  },
  DOCTOR_GATEWAY_EXPIRED: {
    outcome: 'fail',
    means: 'The gateway’s certificate is not valid now, by this host’s clock.',
    mend: 'Look at this host’s clock; a running gateway renews its certificate by itself.',
  },
  DOCTOR_GATEWAY_TLS_FAILED: {
    outcome: 'fail',
    means: 'No TLS with what answers at the gateway’s address.',
    mend: 'See that the address is the gateway’s tunnel port, and that nothing in between breaks TLS 1.3.',
  },
  DOCTOR_TUNNEL_GOOD: {
    outcome: 'pass',
    means: 'The gateway took a tunnel, told its apps, and answered a ping.',
  },
  DOCTOR_TUNNEL_SLOW: {
    outcome: 'warn',
    means: 'The way to the gateway and back takes more than 300 ms. Every request waits for it.',
    mend: 'Put the gateway nearer to the connector.',
  },
  DOCTOR_TUNNEL_REVOKED: {
    outcome: 'fail',
    means:
      'The gateway does not take this connector: it was revoked, or the gateway does not know it.',
    mend: 'Create a token at the gateway and register again with `--force`.',
  },
  DOCTOR_TUNNEL_FAILED: {
    outcome: 'fail',
    means: 'The tunnel could not be opened, or broke before the gateway had told its apps.',
    mend: 'Look for the finding’s code in the gateway’s log.',
  },
} as const
