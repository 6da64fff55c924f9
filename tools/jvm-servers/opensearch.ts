import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startJava } from './start-java.ts';

export interface RunningOpenSearch {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * A real OpenSearch of one node from its published jars, on a free port of loopback. `dir` takes its configuration,
 * data and log.
 */
export async function startOpenSearch(jars: string, dir: string): Promise<RunningOpenSearch> {
  const home = join(dir, 'home');
  const module = join(home, 'modules/transport-netty4');
  const config = join(home, 'config');
  const lib = join(home, 'lib');
  for (const path of [module, config, lib, join(home, 'plugins')]) mkdirSync(path, { recursive: true });
  // Copies: its security manager judges a file by its real place.
  for (const jar of readdirSync(jars))
    copyFileSync(join(jars, jar), join(/^(netty|transport-netty4)-/.test(jar) ? module : lib, jar));
  // HTTP is a module with a class loader of its own; the server core finds it by this description.
  writeFileSync(
    join(module, 'plugin-descriptor.properties'),
    `description=HTTP
version=2.19.1
name=transport-netty4
classname=org.opensearch.transport.Netty4Plugin
java.version=11
opensearch.version=2.19.1
has.native.controller=false
`,
  );
  writeFileSync(
    join(module, 'plugin-security.policy'),
    `grant {
  permission java.net.SocketPermission "*", "accept,connect,listen,resolve";
  permission java.lang.RuntimePermission "*";
  permission java.util.PropertyPermission "*", "read,write";
};
`,
  );
  writeFileSync(
    join(config, 'opensearch.yml'),
    `cluster.name: test
node.name: one
discovery.type: single-node
network.host: 127.0.0.1
http.port: 0
transport.port: 0
cluster.routing.allocation.disk.threshold_enabled: false
`,
  );
  writeFileSync(
    join(config, 'log4j2.properties'),
    `appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%p] %c{1.}: %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
`,
  );
  const server = await startJava({
    args: [
      '-Xms512m',
      '-Xmx512m',
      // Without its native part it cannot tell that it runs as root, which it would refuse, as tests in containers do.
      '-Djna.noclasspath=true',
      '-Djna.nosys=true',
      '-Djna.nounpack=true',
      '-Dlog4j2.disable.jmx=true',
      '-Djava.security.manager=allow',
      `-Dopensearch.path.home=${home}`,
      `-Dopensearch.path.conf=${config}`,
      '-cp',
      join(lib, '*'),
      'org.opensearch.bootstrap.OpenSearch',
    ],
    cwd: dir,
    log: join(dir, 'opensearch.log'),
    isReady: (said) => said.includes('Node: started'),
  });
  const address = /HttpServerTransport: publish_address \{(127\.0\.0\.1:\d+)\}/.exec(server.said)?.[1];
  if (address === undefined) {
    await server.stop();
    throw new Error(`no address in the log of OpenSearch: ${server.said.slice(-1000)}`);
  }
  return { url: `http://${address}`, stop: server.stop };
}
