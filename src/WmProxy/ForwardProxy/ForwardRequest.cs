using System.Net;
using WmProxy.Configuration;
using WmProxy.Connectors;

namespace WmProxy.ForwardProxy;

/// <summary>What a client asks for, with all that rules look at.</summary>
/// <param name="Command">What.</param>
/// <param name="Target">Where.</param>
/// <param name="User">The authenticated user; <see langword="null"/> where the proxy has no users.</param>
/// <param name="Client">The client's address; <see langword="null"/> on a Unix domain socket.</param>
internal readonly record struct ForwardRequest(ForwardCommand Command, ForwardTarget Target, string? User, IPAddress? Client);
