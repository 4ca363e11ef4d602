using WmProxy.Configuration;
using WmProxy.FunctionalTests.Hosting;

namespace WmProxy.FunctionalTests.Udp;

[OnEngine(RelayEngineKind.Portable)]
public sealed class PortableUdpLeakTests : UdpLeakTests;
