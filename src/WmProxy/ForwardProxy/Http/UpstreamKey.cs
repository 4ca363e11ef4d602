using WmProxy.Connectors;
using WmProxy.ForwardProxy.Access;

namespace WmProxy.ForwardProxy.Http;

/// <summary>
/// What makes connections to destinations of HTTP interchangeable. The rule is part of it: what one rule allowed, through its parents, is never used by a
/// request that another rule decides.
/// </summary>
/// <param name="Proxy">The forward proxy.</param>
/// <param name="Rule">The rule that allowed it.</param>
/// <param name="Target">Where to.</param>
/// <param name="Home">What the client's connection runs on (<see cref="Connections.TransportStream.Home"/>): two of one home need no switch of threads.</param>
internal readonly record struct UpstreamKey(ForwardProxyState Proxy, ForwardRule Rule, ForwardTarget Target, object? Home);
