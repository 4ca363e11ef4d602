using System;
using System.Net;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.ForwardProxy;

namespace WmProxy.FunctionalTests.ForwardProxy;

/// <summary>Compares passwords in clear, and counts how often it was asked.</summary>
internal sealed class FakeForwardAuthenticator : IForwardAuthenticator
{
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public ValueTask<string?> AuthenticateAsync(
        ForwardProxyModel proxy, ReadOnlyMemory<byte> user, ReadOnlyMemory<byte> password, IPAddress? client, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _count);
        var name = Encoding.UTF8.GetString(user.Span);
        return new(proxy.Config.Users.TryGetValue(name, out var known) && known.Password == Encoding.UTF8.GetString(password.Span) ? name : null);
    }
}
