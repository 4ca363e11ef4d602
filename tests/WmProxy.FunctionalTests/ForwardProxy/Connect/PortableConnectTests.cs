using WmProxy.Configuration;
using WmProxy.FunctionalTests.Hosting;

namespace WmProxy.FunctionalTests.ForwardProxy.Connect;

[OnEngine(RelayEngineKind.Portable)]
public sealed class PortableConnectTests : ConnectTests;
