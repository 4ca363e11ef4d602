using System;
using System.Threading;
using System.Threading.Tasks;
using System.Net;

namespace WmProxy.ForwardProxy;

/// <summary>Knows a forward proxy's users.</summary>
internal interface IForwardAuthenticator
{
    /// <summary>
    /// Whether a name and a password are right: in constant time, hashes on no event loop's thread, a client that fails often answered late. Before anything
    /// is resolved or dialled.
    /// </summary>
    /// <param name="proxy">Whose users; not one without any (<c>Config.Users</c> is empty), which nobody has to be known to.</param>
    /// <param name="user">UTF-8, as it came from the client.</param>
    /// <param name="password">Likewise; the caller clears it.</param>
    /// <param name="client">The client's address, for the throttle.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The user's name, or <see langword="null"/>.</returns>
    ValueTask<string?> AuthenticateAsync(
        ForwardProxyModel proxy, ReadOnlyMemory<byte> user, ReadOnlyMemory<byte> password, IPAddress? client, CancellationToken cancellationToken);
}
