using System;
using System.IO;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Configuration.Validation;
using WmProxy.ForwardProxy.Users;

namespace WmProxy.Server.CommandLine;

/// <summary><c>wmproxy hash-password</c>: prints the hash of a password, for <c>PasswordHash</c>. The password is no argument: those are seen by everybody.</summary>
internal static class HashPasswordCommand
{
    /// <param name="input">Where the password is a line; <see langword="null"/> to ask for it on the terminal.</param>
    /// <param name="output">Gets the hash.</param>
    /// <param name="error">Gets everything else.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<int> InvokeAsync(TextReader? input, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        string? password;
        if (input is not null)
        {
            password = await input.ReadLineAsync(cancellationToken);
        }
        else
        {
            password = ReadHidden("Password: ", error);
            if (password != ReadHidden("Again: ", error))
            {
                await error.WriteLineAsync("wmproxy: these are two passwords");
                return 1;
            }
        }

        if (ForwardUserValidator.FindPasswordError(password ?? "") is { } problem)
        {
            await error.WriteLineAsync($"wmproxy: the password {problem}");
            return 1;
        }

        await output.WriteLineAsync(PasswordHash.Create(Encoding.UTF8.GetBytes(password!)).ToString());
        return 0;
    }

    private static string ReadHidden(string prompt, TextWriter error)
    {
        error.Write(prompt);
        var password = new StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace)
            {
                password.Length = Math.Max(0, password.Length - 1);
            }
            else if (key.KeyChar != '\0')
            {
                password.Append(key.KeyChar);
            }
        }

        error.WriteLine();
        return password.ToString();
    }
}
