/**
 * Mutual TLS from a source whose material may change: an open connection goes on with what it began with, the next
 * handshake uses the newest.
 */
import { isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect } from 'node:tls';
import type { SecureContextOptions } from 'node:tls';
import { CallCredentials, ChannelCredentials, ServerCredentials } from '@grpc/grpc-js';

export interface TlsBytes {
  readonly ca: Buffer;
  readonly certificate: Buffer;
  readonly key: Buffer;
}

export interface TlsBytesSource {
  current(): TlsBytes;
  onChange(listener: (bytes: TlsBytes) => void): () => void;
}

const contextOptions = ({ ca, certificate, key }: TlsBytes) =>
  ({ ca, cert: certificate, key, minVersion: 'TLSv1.2' }) as const;

/** Clients must show a certificate of the authority. */
export const tlsServerCredentials = (source: TlsBytesSource): ServerCredentials =>
  new FollowingServerCredentials(source);

/** The server must show a certificate of the authority, valid for the host that is dialled. */
export const tlsChannelCredentials = (source: TlsBytesSource): ChannelCredentials =>
  new FollowingChannelCredentials(source, () => undefined);

/**
 * The same credentials, telling why handshakes fail: the library reports the refusals of TLS 1.3, which come after the
 * client's part is done, as nothing but a failed connection.
 */
export const reporting = (
  credentials: ChannelCredentials,
  onHandshakeFailure: (reason: string) => void,
): ChannelCredentials =>
  credentials instanceof FollowingChannelCredentials
    ? new FollowingChannelCredentials(credentials.source, onHandshakeFailure)
    : credentials;

class FollowingServerCredentials extends ServerCredentials {
  private readonly source: TlsBytesSource;

  constructor(source: TlsBytesSource) {
    super({ requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.2' });
    this.source = source;
    source.onChange((bytes) => this.updateSecureContextOptions(contextOptions(bytes)));
  }

  /** Asked for when a server begins to listen: the source may be read for the first time only shortly before. */
  override _getSecureContextOptions(): SecureContextOptions {
    return contextOptions(this.source.current());
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

type ConnectorArguments = Parameters<ChannelCredentials['_createSecureConnector']>;
type Connector = ReturnType<ChannelCredentials['_createSecureConnector']>;

class FollowingChannelCredentials extends ChannelCredentials {
  readonly source: TlsBytesSource;
  private readonly onHandshakeFailure: (reason: string) => void;

  constructor(source: TlsBytesSource, onHandshakeFailure: (reason: string) => void) {
    super();
    this.source = source;
    this.onHandshakeFailure = onHandshakeFailure;
  }

  override _isSecure(): boolean {
    return true;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  /** The library asks once for each connection. */
  override _createSecureConnector(...[target, , callCredentials]: ConnectorArguments): Connector {
    const credentials = callCredentials ?? CallCredentials.createEmpty();
    return {
      connect: (socket) => this.shakeHands(hostOf(target.path), socket),
      waitForReady: () => Promise.resolve(),
      getCallCredentials: () => credentials,
      destroy: () => undefined,
    };
  }

  private shakeHands(host: string, socket: Socket): ReturnType<Connector['connect']> {
    return new Promise((resolve, reject) => {
      const fail = (failure: Error): void => {
        this.onHandshakeFailure(handshakeReason(failure));
        reject(failure);
      };
      const secure = connect({
        ...contextOptions(this.source.current()),
        socket,
        host,
        // Agents are dialled by address, which is checked against the certificate but must not be sent as a name.
        servername: isIP(host) === 0 ? host : '',
        ALPNProtocols: ['h2'],
        rejectUnauthorized: true,
      });
      secure.once('error', fail);
      secure.once('secureConnect', () => {
        secure.off('error', fail);
        // With TLS 1.3 the server looks at this end's certificate when the handshake is over here, and Node's servers
        // then close without an alert.
        secure.once('close', () => this.onHandshakeFailure(closedAfterHandshake));
        resolve({ socket: secure, secure: true });
      });
    });
  }
}

/** Of `host:port`, `[v6]:port`. */
const hostOf = (address: string): string => address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');

const closedAfterHandshake =
  'the server ended the connection after the handshake, as one does that does not accept the certificate of this client';

/** The words of OpenSSL for what people get wrong most say nothing about it. */
function handshakeReason(failure: unknown): string {
  const { code = '', message = String(failure) } = failure as Partial<NodeJS.ErrnoException>;
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    return 'the server speaks in clear text';
  return code === '' || message.includes(code) ? message : `${message} (${code})`;
}
