/** Where one case takes place: its names, and everything it may touch. */

import type { Lab } from '../../../docker/lab.ts'
import type { LabApache } from './apache.ts'
import type { Certificates } from './certificates.ts'
import type { MatrixConnector } from './connector.ts'
import type { LabDirectoryFile } from './directory.ts'
import type { MatrixGateway } from './gateway.ts'
import type { People } from './people.ts'

/** The parts that all cases share. */
export interface MatrixParts {
  readonly lab: Lab
  readonly directory: LabDirectoryFile
  readonly apache: LabApache
  readonly gateway: MatrixGateway
  readonly people: People
  readonly certificates: Certificates
  /** The connector of the cases that have none of their own. */
  readonly shared: MatrixConnector
  /** The connector of whichever case has one of its own. */
  readonly own: MatrixConnector
}

/** Names of a case. */
export interface Names {
  readonly id: string
  /** `<id>.corp.example`. */
  readonly host: string
  /** `http://<id>.corp.example`, or `https:`. */
  readonly origin: string
  /** `HTTP/<id>.corp.example`. */
  readonly spn: string
  /** sAMAccountName of who makes the request. */
  readonly user: string
  /** `svc-<id>`. */
  readonly service: string
  /** sAMAccountName of the connector's account, without the `$`. */
  readonly connectorAccount: string
  /** The same as kerberos.principal, with the `$` where it is a computer's. */
  readonly connectorPrincipal: string
  /** Where the lab's certificates are. */
  readonly tlsDirectory: string
  /** PEM file of the authority that signed the certificates of the matrix's own sites. */
  readonly caFile: string
  /** 127.88.N.10. */
  readonly apacheAddress: string
  /** An address of the lab that nobody else of the matrix listens on. */
  readonly address: (host: number) => string
}

/** A case's place. */
export interface Place extends MatrixParts, Names {
  /** The connector that serves the case's app. */
  readonly connector: MatrixConnector
}
