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

        if (await _throttle.EnterAsync(client, cancellationToken) is not { } wait)
        {
            Refuse(proxy, client, "throttled");
            return null;
        }

        bool? isRight = null;
        try
        {
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, _timeProvider, cancellationToken);
            }

            var name = await VerifyAsync(users, login, user, password, cancellationToken);
            isRight = name is not null;
            if (name is null)
            {
                Refuse(proxy, client, "failed");
                return null;
            }

            _metrics.Authenticated(proxy.ProxyId, "succeeded");
            users.Verified.Add(login, name);
            return name;
        }
        finally
        {
            _throttle.Leave(client, isRight);
        }
    }

    private async ValueTask<string?> VerifyAsync(
        UserTable users, UInt128 login, ReadOnlyMemory<byte> user, ReadOnlyMemory<byte> password, CancellationToken cancellationToken)
    {
        if (!users.HasHashes)
        {
            return users.Verify(user.Span, password.Span, out _);
        }

        await _hashing.WaitAsync(cancellationToken);
        try
        {
            // A browser opens ten connections at a time: one hash will do. On a thread that no connection waits for.
            return users.Verified.Find(login) ?? await Task.Run(() => users.Verify(user.Span, password.Span, out _), CancellationToken.None);
        }
        finally
        {
            _hashing.Release();
        }
    }

    private void Refuse(ForwardProxyModel proxy, IPAddress? client, string result)
    {
        _metrics.Authenticated(proxy.ProxyId, result);
        Log.ForwardAuthenticationFailed(_logger, proxy.ProxyId, client, result);
    }

    private static partial class Log
    {
        // Without the name, which may be a password in the wrong place.
        [LoggerMessage(EventIds.ForwardAuthenticationFailed, LogLevel.Debug, "Forward proxy '{proxy}' refuses a login of {client}: {result}", EventName = nameof(ForwardAuthenticationFailed))]
        public static partial void ForwardAuthenticationFailed(ILogger logger, string proxy, IPAddress? client, string result);
    }
}
