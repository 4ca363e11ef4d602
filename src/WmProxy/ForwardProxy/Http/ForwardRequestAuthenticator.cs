using System.Security.Cryptography;
using System.Text;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace WmProxy.ForwardProxy.Http;

/// <summary>Knows whose a request is, by its <c>Proxy-Authorization</c>.</summary>
internal sealed class ForwardRequestAuthenticator
{
    private readonly IForwardAuthenticator _authenticator;

    public ForwardRequestAuthenticator(IForwardAuthenticator authenticator) => _authenticator = authenticator;

    /// <summary>The user; <see langword="null"/> for missing and for wrong credentials, and for two of them.</summary>
    public async ValueTask<string?> AuthenticateAsync(HttpContext context, ForwardExchange exchange)
    {
        var connection = exchange.Connection;
        if (context.Request.Headers[HeaderNames.ProxyAuthorization] is not [{ Length: > 0 } value])
        {
            return null;
        }

        var bytes = Encoding.Latin1.GetBytes(value);
        try
        {
            if (connection.FindUser(exchange.Proxy, bytes) is { } known)
            {
                return known;
            }

            using var credentials = BasicCredentials.Parse(bytes);
            if (credentials is null)
            {
                return null;
            }

            var user = await _authenticator.AuthenticateAsync(
                exchange.Proxy, credentials.User, credentials.Password, connection.Client, context.RequestAborted);
            connection.SetUser(exchange.Proxy, bytes, user);
            return user;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }
}
