/** What a user says about who may connect and what they may do. */

/** TLS on every port of the broker. Certificates and keys are PEM: the text itself, or the path of a file with it. */
export interface BrokerTlsOptions {
  /** The broker's certificate, followed by those of the authorities between it and a root (`ssl.keystore.certificate.chain`). */
  readonly cert: string;
  /** The certificate's private key (`ssl.keystore.key`). */
  readonly key: string;
  /** Password of the private key, if it has one (`ssl.key.password`). */
  readonly passphrase?: string;
  /** Authorities whose clients are trusted; needed with `clientAuth` (`ssl.truststore.certificates`). */
  readonly ca?: string;
  /**
   * Whether clients show a certificate (`ssl.client.auth`): `none`, the default; `requested`, one that is shown must be
   * valid; `required`. Without SASL the client's principal is `User:` and the subject of its certificate, as in Kafka.
   */
  readonly clientAuth?: TlsClientAuth;
}

export type TlsClientAuth = 'none' | 'requested' | 'required';

export const SASL_MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
export type SaslMechanism = (typeof SASL_MECHANISMS)[number];

/** SASL on every port of the broker: nothing but logging in is served before a client has logged in. */
export interface BrokerSaslOptions {
  /** Ways to log in (`sasl.enabled.mechanisms`). Default: all three. */
  readonly mechanisms?: readonly SaslMechanism[];
  /**
   * Passwords by user name. PLAIN takes these and no others. For SCRAM they are the users that the broker begins with;
   * AlterUserScramCredentials adds and changes others, which are kept in the data directory. A user changed that way
   * keeps the changed password; one that is no longer listed here is gone at the next start.
   */
  readonly users?: Readonly<Record<string, string>>;
  /**
   * How long a login is valid, in milliseconds; then the client must log in again on its connection or is closed
   * (`connections.max.reauth.ms`, KIP-368). Default 0: for ever.
   */
  readonly sessionLifetimeMs?: number;
}

/** ACLs are enforced (`authorizer.class.name`): who is not allowed to do something may not do it. */
export interface BrokerAuthorizationOptions {
  /** Principals that may do everything, such as `User:admin` (`super.users`). Somebody must be able to create ACLs. */
  readonly superUsers?: readonly string[];
  /** Whether things without any ACL are everybody's (`allow.everyone.if.no.acl.found`). Default false, as in Kafka. */
  readonly allowEveryoneIfNoAclFound?: boolean;
}

/** The part of the broker's options that is about security. Each may be given by Kafka's names in `config` instead. */
export interface BrokerSecurityOptions {
  /** Encrypt connections. Default: not. */
  readonly tls?: BrokerTlsOptions;
  /** Have clients log in. Default: not; everybody is `User:ANONYMOUS`. */
  readonly sasl?: BrokerSaslOptions;
  /** Enforce ACLs. Default: not; everybody may do everything. */
  readonly authorization?: BrokerAuthorizationOptions;
}

export type SecurityProtocol = 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';

export interface ResolvedTls {
  readonly cert: string;
  readonly key: string;
  readonly passphrase: string | undefined;
  readonly ca: string | undefined;
  readonly clientAuth: TlsClientAuth;
}

export interface ResolvedSasl {
  readonly mechanisms: readonly SaslMechanism[];
  readonly users: Readonly<Record<string, string>>;
}

export interface ResolvedAuthorization {
  readonly superUsers: readonly string[];
  readonly allowEveryoneIfNoAclFound: boolean;
}

/** With everything decided; plain data, for it crosses to the broker's thread. What is undefined is off. */
export interface ResolvedSecurity {
  readonly protocol: SecurityProtocol;
  readonly tls: ResolvedTls | undefined;
  readonly sasl: ResolvedSasl | undefined;
  readonly authorization: ResolvedAuthorization | undefined;
}
