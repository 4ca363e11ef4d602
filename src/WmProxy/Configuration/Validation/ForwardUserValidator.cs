using System.Linq;
using System.Text;
using WmProxy.Configuration.Values;
using WmProxy.ForwardProxy.Users;

namespace WmProxy.Configuration.Validation;

/// <summary>Users of forward proxies: names and passwords that both HTTP Basic (RFC 7617) and SOCKS 5 (RFC 1929) can carry. No error shows a password.</summary>
internal static class ForwardUserValidator
{
    private const int MaxBytes = 255;

    public static void Validate(ForwardProxyConfig proxy, ConfigErrorCollector errors)
    {
        foreach (var user in proxy.Users.Values)
        {
            var path = ConfigKeyPath.ForwardProxy(proxy.ProxyId, "Users", user.Name);
            if (FindNameError(user.Name) is { } nameError)
            {
                errors.Add(path, nameError);
            }

            if (user.Password is null && user.PasswordHash is null)
            {
                errors.Add(ConfigKeyPath.Of(path, "Password"), "is required, or 'PasswordFile', or 'PasswordHash' as 'wmproxy hash-password' prints it");
            }
            else if (user.Password is not null && user.PasswordHash is not null)
            {
                errors.Add(ConfigKeyPath.Of(path, "PasswordHash"), "stands beside a password; keep one of them");
            }

            if (user.Password is { } password && FindPasswordError(password) is { } passwordError)
            {
                errors.Add(ConfigKeyPath.Of(path, "Password"), passwordError);
            }

            if (user.PasswordHash is { } hash && !PasswordHash.TryParse(hash, out _, out var hashError))
            {
                errors.Add(ConfigKeyPath.Of(path, "PasswordHash"), hashError);
            }
        }
    }

    /// <summary>What is wrong with a password, without any of it.</summary>
    public static string? FindPasswordError(string password) =>
        password.Length == 0 ? "is empty"
        : Encoding.UTF8.GetByteCount(password) > MaxBytes ? $"is longer than {MaxBytes} bytes, which is all that SOCKS 5 can carry"
        : password.Any(char.IsControl) ? "has a control character in it, which HTTP cannot carry"
        : null;

    private static string? FindNameError(string name) =>
        string.IsNullOrWhiteSpace(name) ? "a user has a name"
        : Encoding.UTF8.GetByteCount(name) > MaxBytes ? $"the name is longer than {MaxBytes} bytes, which is all that SOCKS 5 can carry"
        : name.Any(c => char.IsControl(c) || c == ':') ? $"the name {QuotedText.Quote(name)} has a character in it that HTTP cannot carry"
        : null;
}
