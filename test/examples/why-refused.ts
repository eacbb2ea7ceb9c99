/** Says why a KDC does not delegate: why-refused.ts CONN1$ /etc/krb5.keytab alice HTTP/other.corp.example */
import { KdcReplyError, krbErrorName } from 'sallyport/kerberos'
import { keytabClient } from './client.ts'

const [, , name = '', keytab = '', user = '', service = ''] = process.argv

const connector = await keytabClient(name, keytab)
const evidence = await connector.impersonate({ name: user })
try {
  await connector.delegate(evidence, service)
  console.log('delegated')
} catch (error) {
  if (!(error instanceof KdcReplyError)) throw error
  console.log(error.code, krbErrorName(error.krbErrorCode), error.means ?? error.message)
  // One more question to the KDC tells an empty delegation list from one without this service.
  const { finding, means, mend, commands } = await connector.diagnose(evidence, service)
  console.log(finding, means, mend ?? '')
  console.log(commands?.powershell ?? '')
  console.log(commands?.samba ?? '')
}
