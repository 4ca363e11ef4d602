using WmProxy.Configuration;
using WmProxy.FunctionalTests.Hosting;

namespace WmProxy.FunctionalTests.Socks;

[OnEngine(RelayEngineKind.Portable)]
public sealed class PortableSocksProxyTests : SocksProxyTests;
