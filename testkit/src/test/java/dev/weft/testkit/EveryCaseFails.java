package dev.weft.testkit;

import java.lang.annotation.Annotation;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;

/** Runs each case of a contract against something that does nothing; a case that passes is useless. */
final class EveryCaseFails {

    private EveryCaseFails() {}

    static <T> Stream<DynamicTest> of(Class<T> contract, Supplier<? extends T> idle) {
        return methods(contract)
                .filter(method -> method.isAnnotationPresent(Test.class))
                .map(method ->
                        DynamicTest.dynamicTest(
                                method.getName(), () -> fails(contract, idle.get(), method)));
    }

    /** Also those of the classes that it is made of, whose own come first. */
    private static Stream<Method> methods(Class<?> contract) {
        return Stream.<Class<?>>iterate(contract, it -> it != Object.class, Class::getSuperclass)
                .toList()
                .reversed()
                .stream()
                .flatMap(it -> Arrays.stream(it.getDeclaredMethods()));
    }

    private static <T> void fails(Class<T> contract, T run, Method method) throws Exception {
        all(contract, run, BeforeEach.class);
        try {
            call(method, run);
        } catch (InvocationTargetException expected) {
            return;
        } finally {
            all(contract, run, AfterEach.class);
        }
        throw new AssertionError(method.getName() + " passes although nothing was done");
    }

    private static void all(Class<?> contract, Object run, Class<? extends Annotation> mark)
            throws Exception {
        for (var method : methods(contract).toList())
            if (method.isAnnotationPresent(mark)) call(method, run);
    }

    private static void call(Method method, Object run) throws Exception {
        method.setAccessible(true);
        method.invoke(run);
    }
}
