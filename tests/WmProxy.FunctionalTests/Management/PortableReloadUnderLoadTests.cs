using WmProxy.Configuration;
using WmProxy.FunctionalTests.Hosting;

namespace WmProxy.FunctionalTests.Management;

[OnEngine(RelayEngineKind.Portable)]
public sealed class PortableReloadUnderLoadTests : ReloadUnderLoadTests;
