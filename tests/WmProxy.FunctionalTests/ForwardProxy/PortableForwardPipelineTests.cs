using WmProxy.Configuration;
using WmProxy.FunctionalTests.Hosting;

namespace WmProxy.FunctionalTests.ForwardProxy;

[OnEngine(RelayEngineKind.Portable)]
public sealed class PortableForwardPipelineTests : ForwardPipelineTests;
