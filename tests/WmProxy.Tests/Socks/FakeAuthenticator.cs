using System;
using System.Net;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.ForwardProxy;

namespace WmProxy.Tests.Socks;

/// <summary>Knows alice, by the password "secret".</summary>
internal sealed class FakeAuthenticator : IForwardAuthenticator
{
    /// <summary>What it was given last, as it was while it looked at it.</summary>
    public string? Seen { get; private set; }

    /// <summary>The very memory of the password, which is to be cleared afterwards.</summary>
    public ReadOnlyMemory<byte> Password { get; private set; }

    /// <summary>What every login waits for.</summary>
    public Func<CancellationToken, Task> Wait { get; set; } = _ => Task.CompletedTask;

    public async ValueTask<string?> AuthenticateAsync(
        ForwardProxyModel proxy, ReadOnlyMemory<byte> user, ReadOnlyMemory<byte> password, IPAddress? client, CancellationToken cancellationToken)
    {
        // Elsewhere, as a hash would be.
        await Task.Yield();
        await Wait(cancellationToken);
        Seen = $"{Encoding.UTF8.GetString(user.Span)}:{Encoding.UTF8.GetString(password.Span)} from {client}";
        Password = password;
        return user.Span.SequenceEqual("alice"u8) && password.Span.SequenceEqual("secret"u8) ? "alice" : null;
    }
}
