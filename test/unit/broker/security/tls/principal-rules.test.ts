import { describe, expect, it } from 'vitest';
import { principalMapper } from '../../../../../src/broker/security/tls/principal-rules.ts';

/** Cases of Kafka's `SslPrincipalMapperTest`. */
describe('ssl.principal.mapping.rules', () => {
  const RULES = [
    'RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/L',
    'RULE:^CN=(.*?),OU=(.*?),O=(.*?),L=(.*?),ST=(.*?),C=(.*?)$/$1@$2/L',
    'RULE:^cn=(.*?),ou=(.*?),dc=(.*?),dc=(.*?)$/$1@$2/U',
    'RULE:^.*[Cc][Nn]=([a-zA-Z0-9.]*).*$/$1/U',
    'DEFAULT',
  ].join(', ');

  it.each([
    ['CN=Duke,OU=ServiceUsers,O=Org,C=US', 'duke'],
    ['CN=Duke,OU=SME,O=mycp,L=Fulton,ST=MD,C=US', 'duke@sme'],
    ['cn=duke,ou=sme,dc=mycp,dc=com', 'DUKE@SME'],
    ['O=Something,CN=Duke.Second,L=City', 'DUKE.SECOND'],
    ['OU=JavaSoft,O=Sun Microsystems', 'OU=JavaSoft,O=Sun Microsystems'],
  ])('%s is %s', (subject, expected) => {
    expect(principalMapper(RULES)(subject)).toBe(expected);
  });

  it('leaves the subject as it is by default', () => {
    expect(principalMapper('DEFAULT')('CN=a,O=b')).toBe('CN=a,O=b');
  });

  it('lets nobody in whom no rule fits', () => {
    const map = principalMapper('RULE:^CN=(.*),O=b$/$1/');
    expect(map('CN=a,O=b')).toBe('a');
    expect(map('CN=a,O=c')).toBeUndefined();
    expect(map('CN=a,O=b,C=DE')).toBeUndefined();
  });

  it('takes escaped slashes', () => {
    expect(principalMapper('RULE:^CN=host\\/(.*)$/$1/')('CN=host/web')).toBe('web');
  });

  it.each(['RULE:', 'RULE:^CN=(.*)$/$1', 'RULE:^CN=(.*$/$1/L', 'RULES', 'DEFAULT RULE:a/b/', 'RULE:^CN=([)$/$1/'])(
    'refuses %s',
    (rules) => {
      expect(() => principalMapper(rules)).toThrow(/ssl\.principal\.mapping\.rules/);
    },
  );
});
