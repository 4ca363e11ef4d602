using WmProxy.Configuration;
using WmProxy.FunctionalTests.Hosting;

namespace WmProxy.FunctionalTests.Listeners;

[OnEngine(RelayEngineKind.Portable)]
public sealed class PortableListenerTests : ListenerTests;
