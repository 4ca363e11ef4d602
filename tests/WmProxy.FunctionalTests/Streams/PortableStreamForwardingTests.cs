using WmProxy.Configuration;
using WmProxy.FunctionalTests.Hosting;

namespace WmProxy.FunctionalTests.Streams;

[OnEngine(RelayEngineKind.Portable)]
public sealed class PortableStreamForwardingTests : StreamForwardingTests;
