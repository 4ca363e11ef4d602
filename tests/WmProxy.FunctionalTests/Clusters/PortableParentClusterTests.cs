using WmProxy.Configuration;
using WmProxy.FunctionalTests.Hosting;

namespace WmProxy.FunctionalTests.Clusters;

[OnEngine(RelayEngineKind.Portable)]
public sealed class PortableParentClusterTests : ParentClusterTests;
