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

    /// <summary>Completed by the test to let logins go on; <see langword="null"/> where they do at once.</summary>
    public TaskCompletionSource? Gate { get; set; }

    public async ValueTask<string?> AuthenticateAsync(
        ForwardProxyModel proxy, ReadOnlyMemory<byte> user, ReadOnlyMemory<byte> password, IPAddress? client, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _count);
        var (name, secret) = (Encoding.UTF8.GetString(user.Span), Encoding.UTF8.GetString(password.Span));
        if (Gate is { } gate)
        {
            await gate.Task.WaitAsync(cancellationToken);
        }

        return proxy.Config.Users.TryGetValue(name, out var known) && known.Password == secret ? name : null;
    }
}
