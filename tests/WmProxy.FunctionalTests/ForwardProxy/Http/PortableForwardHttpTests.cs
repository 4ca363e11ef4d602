using WmProxy.Configuration;
using WmProxy.FunctionalTests.Hosting;

namespace WmProxy.FunctionalTests.ForwardProxy.Http;

[OnEngine(RelayEngineKind.Portable)]
public sealed class PortableForwardHttpTests : ForwardHttpTests;
