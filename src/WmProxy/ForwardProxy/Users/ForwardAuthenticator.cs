using System;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using WmProxy.Diagnostics;

namespace WmProxy.ForwardProxy.Users;

/// <summary>Knows the users of forward proxies.</summary>
internal sealed partial class ForwardAuthenticator : IForwardAuthenticator
{
    private readonly LoginThrottle _throttle;
    private readonly ForwardMetrics _metrics;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;

    // Hashes are meant to take a processor's time: half of them at most.
    private readonly SemaphoreSlim _hashing = new(Math.Max(1, Environment.ProcessorCount / 2));

    public ForwardAuthenticator(LoginThrottle throttle, ForwardMetrics metrics, TimeProvider timeProvider, ILogger<ForwardAuthenticator> logger)
    {
        _throttle = throttle;
        _metrics = metrics;
        _timeProvider = timeProvider;
        _logger = logger;
    }

    public async ValueTask<string?> AuthenticateAsync(
        ForwardProxyModel proxy, ReadOnlyMemory<byte> user, ReadOnlyMemory<byte> password, IPAddress? client, CancellationToken cancellationToken)
    {
        if (proxy.Users is not { } users)
        {
            return null;
        }

        // What was right a moment ago, from the same client, is not slowed down by what others of that address get wrong.
        var login = CredentialDigest.OfLogin(client, user.Span, password.Span);
        if (users.Verified.Find(login) is { } known)
        {
            return known;
        }

        if (_throttle.Enter(client) is not { } wait)
        {
            _metrics.Authenticated(proxy.ProxyId, "throttled");
            Log.ForwardAuthenticationFailed(_logger, proxy.ProxyId, client, "too many failures before");
            return null;
        }

        if (wait > TimeSpan.Zero)
        {
            await Task.Delay(wait, _timeProvider, cancellationToken);
        }

        var name = users.HasHashes ? await VerifyHashAsync(users, user, password, cancellationToken) : users.Verify(user.Span, password.Span);
        if (name is null)
        {
            _throttle.Fail(client);
            _metrics.Authenticated(proxy.ProxyId, "failed");
            Log.ForwardAuthenticationFailed(_logger, proxy.ProxyId, client, "wrong user name or password");
            return null;
        }

        _throttle.Succeed(client);
        _metrics.Authenticated(proxy.ProxyId, "succeeded");
        users.Verified.Add(login, name);
        return name;
    }

    // On a thread that no connection waits for.
    private async Task<string?> VerifyHashAsync(UserTable users, ReadOnlyMemory<byte> user, ReadOnlyMemory<byte> password, CancellationToken cancellationToken)
    {
        await _hashing.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(() => users.Verify(user.Span, password.Span), CancellationToken.None);
        }
        finally
        {
            _hashing.Release();
        }
    }

    private static partial class Log
    {
        // The name that failed may be a password in the wrong place.
        [LoggerMessage(EventIds.ForwardAuthenticationFailed, LogLevel.Debug, "Forward proxy '{proxy}' refuses the login of {client}: {reason}", EventName = nameof(ForwardAuthenticationFailed))]
        public static partial void ForwardAuthenticationFailed(ILogger logger, string proxy, IPAddress? client, string reason);
    }
}
