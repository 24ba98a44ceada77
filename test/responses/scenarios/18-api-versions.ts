import { ApiVersions, SaslAuthenticate, SaslHandshake } from '../../../src/protocol/index.ts';
import { type Scenario, versionsOf } from '../talk.ts';

export const apiVersions: Scenario = {
  name: '18-api-versions',
  async run(talk) {
    for (const version of versionsOf(ApiVersions)) {
      const software = version >= 3 ? { clientSoftwareName: 'recorder', clientSoftwareVersion: '1.0' } : {};
      await talk.ask('as clients ask', ApiVersions, version, software);
      if (version < 3) continue;
      await talk.ask('an invalid name', ApiVersions, version, { clientSoftwareName: 'no such name', clientSoftwareVersion: '1' });
      await talk.ask('no name', ApiVersions, version, { clientSoftwareName: '', clientSoftwareVersion: '' });
    }
    for (const version of versionsOf(SaslHandshake)) await talk.ask('without SASL', SaslHandshake, version, { mechanism: 'PLAIN' });
    for (const version of versionsOf(SaslAuthenticate)) {
      await talk.ask('without SASL', SaslAuthenticate, version, { authBytes: Buffer.from('x') });
    }
  },
};
